// Any bytes as a console log: nothing may crash, and what is read can be written and read as JSONL.
//
//   clang++ -fsanitize=fuzzer,address,undefined ... fuzz_console.cpp; ./fuzz_console corpus/ traces/recorded/
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "../traces/support.hpp"

using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;

namespace {

void require(bool good, const char* what, const std::string& text) {
  if (good) return;
  std::fprintf(stderr, "%s\n%s\n", what, text.c_str());
  std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Trace trace = drain(text, Format::console);
  for (const Call& call : trace.calls) {
    require(!command_name(call.fid).empty(), "a call without a name", text);
    require(call.phase != Phase::pending || call.out_known == 0, "a pending call with outputs", text);
    require(call.phase == Phase::pending || (call.out_known & 1U) != 0, "a call without a result", text);
  }
  const Trace again = drain(written(trace.header, trace.calls), Format::jsonl);
  require(again.ok, again.error.to_string().c_str(), text);
  require(same(trace.calls, again.calls), "written and read again, it differs", text);
  const Trace automatic = drain(text, Format::automatic);
  if (automatic.ok && automatic.format == Format::console)
    require(same(trace.calls, automatic.calls), "recognised, it reads differently", text);
  return 0;
}
