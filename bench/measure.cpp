#include "measure.hpp"

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>

#include "rmmcheck/traces/reader.hpp"

namespace rmmcheck::bench {
namespace {

constexpr std::uint64_t calls_a_run = 200'000;

int fail(const std::string& message, int code) {
  fmt::print(stderr, "{}\n", message);
  return code;
}

/// A line of /proc/self/status, in MiB: "VmRSS" what is resident, "VmHWM" the most that ever was.
double memory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key + ":")) return std::strtod(line.c_str() + key.size() + 1, nullptr) / 1024;
  return 0;
}

/// Gives back what is free and lets VmHWM start again from what is resident; returns that.
double reset_peak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
  return memory("VmRSS");
}

} // namespace

Result<std::string> load(const std::string& path) {
  Result<std::unique_ptr<traces::ByteSource>> source = traces::open_source(path);
  if (!source) return source.error();
  std::string text;
  std::vector<char> buffer(std::size_t{1} << 20);
  for (;;) {
    Result<std::size_t> size = source.value()->read(buffer.data(), buffer.size());
    if (!size) return size.error();
    if (size.value() == 0) return text;
    text.append(buffer.data(), size.value());
  }
}

Result<Rates> measure(const Pass& pass, const std::string& text, const std::string& path, std::size_t runs) {
  Rates rates;
  std::vector<double> rate;
  const double before = reset_peak();
  for (std::size_t run = 0; run <= runs; ++run) {
    const auto start = std::chrono::steady_clock::now();
    std::uint64_t done = 0;
    do {
      Result<std::uint64_t> calls = pass(text, path);
      if (!calls) return calls.error();
      if (calls.value() == 0) return Error{path, 0, 0, "there is no call in the trace, so there is nothing to measure"};
      rates.calls = calls.value();
      done += calls.value();
    } while (done < calls_a_run);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (run != 0) rate.push_back(static_cast<double>(done) / seconds.count());
  }
  rates.memory = memory("VmHWM") - before;
  std::sort(rate.begin(), rate.end());
  rates.min = rate.front();
  rates.median = rate[rate.size() / 2];
  rates.max = rate.back();
  return rates;
}

int run(const std::string& name, const Pass& pass, const std::vector<std::string>& arguments) {
  const std::string usage = "usage: " + name + " [-n RUNS] TRACE...";
  std::size_t runs = 7;
  std::vector<std::string> paths = arguments;
  if (paths.size() >= 2 && paths[0] == "-n") {
    runs = std::strtoul(paths[1].c_str(), nullptr, 10);
    paths.erase(paths.begin(), paths.begin() + 2);
  }
  if (paths.empty() || runs == 0) return fail(usage, 2);

  fmt::print("{}: million calls a second, one thread, from memory, {} runs\n", name, runs);
  fmt::print("{:>10} {:>7} {:>7} {:>7} {:>10}  {}\n", "calls", "min", "median", "max", "memory/MiB", "trace");
  for (const std::string& path : paths) {
    Result<std::string> text = load(path);
    if (!text) return fail(text.error().to_string(), 2);
    Result<Rates> rates = measure(pass, text.value(), path, runs);
    if (!rates) return fail(rates.error().to_string(), 2);
    const Rates& r = rates.value();
    fmt::print("{:>10} {:>7.2f} {:>7.2f} {:>7.2f} {:>10.1f}  {}\n", r.calls, r.min / 1e6, r.median / 1e6, r.max / 1e6,
               r.memory, path);
    std::fflush(stdout);
  }
  return 0;
}

} // namespace rmmcheck::bench
