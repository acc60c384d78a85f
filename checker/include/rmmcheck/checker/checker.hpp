// Checks a stream of calls against a specification. Feed calls in order; ask for the report at the end (or at any time).
// The same object serves a recorded file, a pipe, or an RMM's own test harness calling it online.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rmmcheck/checker/report.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::checker {

struct CheckOptions {
  bool strict = false;                 ///< a call that conforms only under a reading is a violation
  std::size_t max_violations = 1000;   ///< details kept; all are counted
};

/// One call seen from inside (`rmmcheck explain`).
struct Explanation;

class Checker {
public:
  /// `spec` is shared; several checkers may use it. Not thread-safe itself.
  Checker(std::shared_ptr<const model::Spec> spec, const traces::Header& header, CheckOptions options = {});
  ~Checker();
  Checker(Checker&&) noexcept;

  /// Checks one record. Returns false when it is a violation (or, with `strict`, a note).
  bool call(const traces::Call& call);
  /// Like call(), and describes what was evaluated.
  Explanation explain(const traces::Call& call);
  /// Ends the trace (the last REC exit takes effect) and returns what was found. path, format and verdict of an input error are
  /// the caller's to fill in.
  const TraceReport& finish();
  [[nodiscard]] const TraceReport& report() const;

  /// How often each condition held, each ordering decided, each equation was applied: "COMMAND/failure/id" etc.
  [[nodiscard]] std::map<std::string, std::uint64_t> coverage() const;

private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

struct Explanation {
  struct Row {
    std::string id, text, value; ///< value: holds, does not hold, not well-formed, open
    std::string detail;          ///< values of the parts
  };
  struct Cell {
    std::string name, before, after;
    std::uint64_t written_by = 0; ///< seq
  };
  std::string title;             ///< command and section
  std::vector<std::pair<std::string, std::string>> inputs, context, outputs;
  std::vector<Row> failures, successes;
  std::vector<std::string> path; ///< the RTT path, one line a level
  std::vector<Cell> cells;
  std::vector<Allowed> allowed;
  std::string verdict;
};

} // namespace rmmcheck::checker
