// Checks a stream of calls against a specification. Feed calls in order; ask for the report at the end (or at any
// time). The same object serves a recorded file, a pipe, or an RMM's own test harness calling it online.
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
  bool strict = false;               ///< a call that conforms only under a reading is a violation
  std::size_t max_violations = 1000; ///< details kept; all are counted
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
  /// Like call(), and describes what was evaluated. Slow: it compares the whole state before and after.
  Explanation explain(const traces::Call& call);
  /// The exit of an RMI_REC_ENTER that was explained, once a later call or finish() has ended it; null before.
  [[nodiscard]] const Explanation* explained_exit() const;
  /// Ends the trace (the last REC exit takes effect) and returns what was found. path, format and verdict of an input
  /// error are the caller's to fill in.
  const TraceReport& finish();
  [[nodiscard]] const TraceReport& report() const;

  /// How often each condition held, each ordering decided, each equation was applied: "COMMAND/failure/id" etc.
  [[nodiscard]] std::map<std::string, std::uint64_t> coverage() const;

private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// Everything that decided about one call, as words: the printers only lay it out.
struct Explanation {
  struct Value {
    std::string name, value;
    std::vector<std::uint64_t> written_by; ///< seq of the calls that wrote the cells it was computed from; 0 = initial
  };
  /// A failure or success condition.
  struct Row {
    std::string id, pre, post;          ///< as in the specification; a success condition without guard has no `pre`
    std::string amendment;              ///< that put it there; empty: the literal text
    std::string value;                  ///< holds, does not hold, not well-formed, open; not evaluated, prose
    std::string result;                 ///< failure: what it makes the command return
    std::vector<std::string> masked_by; ///< failure: conditions that hold and come first
    std::vector<Value> parts;           ///< values of what it speaks of
  };
  /// The table of the command, or of a step that is part of it (REC_ENTRY, REC_EXIT, PSCI_RETURN).
  struct Table {
    std::string name, section;
    std::vector<Value> inputs, context, outputs; ///< context values as they were before
    std::vector<Row> failures, equations;
    std::string kind;          ///< of the equations: "success conditions" or "request"
    std::string not_evaluated; ///< why the equations did not come into effect; empty: they did
  };
  /// One entry on the way of an RTT walk.
  struct Step {
    std::int64_t level = 0;
    std::string table; ///< its address
    std::uint32_t index = 0;
    std::string state, ripas, addr;
    std::uint64_t written_by = 0;
  };
  struct Walk {
    std::string rd, ipa;
    std::int64_t level = 0; ///< where it should end
    std::vector<Step> steps;
    std::string stopped; ///< why it could not be followed to its end; empty: it was
  };
  struct Cell {
    std::string name, before, after;
    std::uint64_t written_by = 0; ///< seq of the call that wrote it before; 0 = initial
  };

  std::string call, section, phase; ///< phase: host, complete, pending, returned
  std::uint64_t seq = 0, line = 0;
  std::string observed_status;
  std::int64_t observed_index = -1;
  std::vector<Table> tables; ///< none: the call is outside the model
  std::vector<Walk> walks;   ///< as they were before
  std::vector<Cell> cells;   ///< those that changed
  std::vector<Allowed> allowed;
  std::vector<Violation> violations;
  std::vector<std::string> readings; ///< those under which alone it conforms
  Verdict verdict = Verdict::inconclusive;
};

} // namespace rmmcheck::checker
