// How fast traces are read, without checking them.
#include <memory>

#include "measure.hpp"
#include "rmmcheck/traces/reader.hpp"

namespace traces = rmmcheck::traces;

namespace {

rmmcheck::Result<std::uint64_t> parse(const std::string& text, const std::string& path) {
  auto reader = traces::open_reader(traces::memory_source(text), path, traces::Format::automatic);
  if (!reader) return reader.error();
  std::uint64_t calls = 0;
  traces::Call call;
  for (;;) {
    switch (reader.value()->next(call)) {
    case traces::Next::call: ++calls; break;
    case traces::Next::end: return calls;
    case traces::Next::error: return reader.value()->error();
    }
  }
}

} // namespace

int main(int argc, char** argv) { return rmmcheck::bench::run("parse_bench", parse, {argv + 1, argv + argc}); }
