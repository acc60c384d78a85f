// How fast traces are read and checked, one thread, from memory.
#include <memory>

#include "measure.hpp"
#include "rmmcheck/checker/checker.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/traces/reader.hpp"

namespace traces = rmmcheck::traces;

namespace {

rmmcheck::Result<std::uint64_t> check(const std::string& text, const std::string& path) {
  static const auto spec = rmmcheck::model::Spec::load("rmm-1.0-rel0");
  if (!spec) return spec.error();
  auto reader = traces::open_reader(traces::memory_source(text), path, traces::Format::automatic);
  if (!reader) return reader.error();
  rmmcheck::checker::Checker checker(spec.value(), reader.value()->header());
  std::uint64_t calls = 0;
  traces::Call call;
  for (;;) {
    switch (reader.value()->next(call)) {
    case traces::Next::call:
      checker.call(call);
      ++calls;
      break;
    case traces::Next::end: checker.finish(); return calls;
    case traces::Next::error: return reader.value()->error();
    }
  }
}

} // namespace

int main(int argc, char** argv) { return rmmcheck::bench::run("check_bench", check, {argv + 1, argv + argc}); }
