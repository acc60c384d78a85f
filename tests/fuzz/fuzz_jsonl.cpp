// Any bytes as a JSONL trace: nothing may be read twice differently, and nothing may crash.
//
//   clang++ -fsanitize=fuzzer,address,undefined ... fuzz_jsonl.cpp; ./fuzz_jsonl corpus/ traces/recorded/
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "../traces/support.hpp"

using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;

namespace {

void require(bool good, const char* what, const std::string& text) {
  if (good) return;
  std::fprintf(stderr, "%s\n%s\n", what, text.c_str());
  std::abort();
}

/// A blank before each line: still the same JSON, but not what the reader has a short cut for.
std::string unusual(std::string_view text) {
  std::string result = " ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += ' ';
  }
  return result;
}

void check(const std::string& text) {
  const Trace trace = drain(text, Format::jsonl);
  if (!text.starts_with("\xEF") && text.size() < 100000) { // a byte order mark stands first or not at all
    const Trace slow = drain(unusual(text), Format::jsonl);
    require(trace.ok == slow.ok && trace.error.to_string() == slow.error.to_string(), "the two ways end differently",
            text);
    require(same(trace.calls, slow.calls), "the two ways read differently", text);
  }
  if (!trace.header.present) return;
  const std::string again = written(trace.header, trace.calls);
  const Trace second = drain(again, Format::jsonl);
  require(second.ok, second.error.to_string().c_str(), again);
  require(same(trace.calls, second.calls), "written and read again, it differs", again);
  require(written(second.header, second.calls) == again, "written twice, it differs", again);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(header_line + text); // so that records are reached without a header
  drain(text, Format::automatic);
  return 0;
}
