// Counts the calls of a trace held in memory, through the installed library.
#include <cstdint>
#include <iostream>
#include <string_view>

#include "rmmcheck/traces/reader.hpp"

namespace traces = rmmcheck::traces;

namespace {

constexpr std::string_view trace =
    R"({"type":"header","format":"rmi-trace","delegable":[{"base":"0x880000000","count":16}]}
{"seq":1,"cpu":0,"call":"RMI_GRANULE_DELEGATE","fid":"0xc4000151","in":["0x880000000"],"out":["0x0"]}
{"seq":2,"cpu":0,"call":"RMI_GRANULE_UNDELEGATE","fid":"0xc4000152","in":["0x880000000"],"out":["0x0"]}
)";

int fail(const rmmcheck::Error& error) {
  std::cerr << error.to_string() << '\n';
  return 2;
}

} // namespace

int main() {
  auto reader = traces::open_reader(traces::memory_source(trace), "memory", traces::Format::automatic);
  if (!reader) return fail(reader.error());

  std::uint64_t calls = 0;
  traces::Call call;
  traces::Next next = reader.value()->next(call);
  for (; next == traces::Next::call; next = reader.value()->next(call)) ++calls;
  if (next == traces::Next::error) return fail(reader.value()->error());

  std::cout << calls << " calls\n";
}
