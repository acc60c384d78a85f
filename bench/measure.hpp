// What the benchmarks share: a trace held in memory, a rate over several runs, and the table they print.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rmmcheck/error.hpp"

namespace rmmcheck::bench {

/// The whole file, decompressed.
Result<std::string> load(const std::string& path);

/// Goes through a trace held in memory once; returns its number of calls.
using Pass = std::function<Result<std::uint64_t>(const std::string& text, const std::string& path)>;

/// Calls a second over several runs, on the calling thread. A run repeats the pass until it has done 200,000 calls, so
/// that short traces are measurable too. The first run warms up and is not counted.
struct Rates {
  std::uint64_t calls = 0; ///< of one pass
  double min = 0, median = 0, max = 0;
  double memory = 0; ///< MiB: peak resident memory, beyond what was resident before (the text above all)
};
Result<Rates> measure(const Pass& pass, const std::string& text, const std::string& path, std::size_t runs);

/// The body of main: `NAME [-n RUNS] TRACE...`, a line of rates a trace. Returns the exit code.
int run(const std::string& name, const Pass& pass, const std::vector<std::string>& arguments);

} // namespace rmmcheck::bench
