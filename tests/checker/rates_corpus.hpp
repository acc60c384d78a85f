// The recorded traces in memory, and what the checker says about a changed copy of one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rmmcheck/checker/checker.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/traces/reader.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::checker::test {

/// A finding, as far as runs are compared.
struct Finding {
  std::uint64_t seq = 0;
  std::string signature;
  friend bool operator==(const Finding&, const Finding&) = default;
  friend auto operator<=>(const Finding&, const Finding&) = default;
};

struct Recorded {
  std::string name;
  traces::Header header;
  std::vector<traces::Call> calls;
  std::uint64_t skipped_lines = 0;       ///< notes
  std::multiset<Finding> baseline;       ///< findings about the trace as it was recorded
  std::set<std::uint64_t> baseline_seqs; ///< calls that they are about
};

inline std::shared_ptr<const model::Spec> shipped_spec() {
  static const auto spec = [] {
    auto loaded = model::Spec::load(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0");
    if (!loaded) throw std::runtime_error(loaded.error().to_string());
    return loaded.value();
  }();
  return spec;
}

inline std::vector<Finding> findings(const Recorded& trace) {
  CheckOptions options;
  options.max_violations = 1'000'000;
  Checker checker(shipped_spec(), trace.header, options);
  for (const auto& call : trace.calls) checker.call(call);
  std::vector<Finding> out;
  for (const auto& v : checker.finish().violations) out.push_back({v.seq, v.signature});
  return out;
}

/// What `run` has and `baseline` has not. A call about which both find something, but not the same, is not new.
inline std::vector<Finding> new_findings(const std::vector<Finding>& run, const std::multiset<Finding>& baseline) {
  std::multiset<Finding> left = baseline;
  std::vector<Finding> others, out;
  for (const auto& f : run) {
    if (const auto it = left.find(f); it != left.end())
      left.erase(it);
    else
      others.push_back(f);
  }
  for (const auto& f : others) {
    const auto it = left.lower_bound({f.seq, ""});
    if (it != left.end() && it->seq == f.seq)
      left.erase(it);
    else
      out.push_back(f);
  }
  return out;
}

inline Recorded read_trace(const std::filesystem::path& path) {
  Recorded trace;
  trace.name = path.filename().string();
  auto source = traces::open_source(path.string());
  if (!source) throw std::runtime_error(source.error().to_string());
  auto reader = traces::open_reader(std::move(source).value(), path.string(), traces::Format::automatic);
  if (!reader) throw std::runtime_error(reader.error().to_string());
  trace.header = reader.value()->header();
  traces::Call call;
  traces::Next next = reader.value()->next(call);
  for (; next == traces::Next::call; next = reader.value()->next(call)) trace.calls.push_back(call);
  trace.skipped_lines = reader.value()->skipped_lines();
  if (next == traces::Next::error) throw std::runtime_error(reader.value()->error().to_string());
  return trace;
}

/// traces/recorded/*.jsonl[.zst], sorted by name, each with what the checker says about it unchanged.
inline const std::vector<Recorded>& recorded_traces() {
  static const auto traces = [] {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::directory_iterator(RMMCHECK_SOURCE_DIR "/traces/recorded")) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(".jsonl") || name.ends_with(".jsonl.zst")) paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    std::vector<Recorded> out;
    for (const auto& path : paths) {
      out.push_back(read_trace(path));
      for (auto& f : findings(out.back())) {
        out.back().baseline_seqs.insert(f.seq);
        out.back().baseline.insert(std::move(f));
      }
    }
    return out;
  }();
  return traces;
}

} // namespace rmmcheck::checker::test
