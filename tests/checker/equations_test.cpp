// Success conditions stay what the text says: the loader turns equations into assignments, and after every successful
// call of the recorded traces and the cases each condition, evaluated as a whole over the state before and after,
// holds.
//
// An evaluator of the test's own reads the state before, remembers it, and evaluates the equations once the call is
// done. What a loop reads of the state before cannot be remembered like that: RMI_REC_DESTROY's rec_aux_state, which
// asks for the array of a REC that is gone, comes out as undefined.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "rates_corpus.hpp"
#include "rates_replay.hpp"

using namespace rmmcheck;
using namespace rmmcheck::checker;
using namespace rmmcheck::checker::test;
using model::NodeId;
using model::Op;
using model::Truth;

namespace {

struct Count {
  std::uint64_t yes = 0, open = 0, undefined = 0, no = 0;
  std::uint64_t made_true = 0; ///< did not hold before the call
  std::string example;         ///< of no
};

class Equation {
public:
  explicit Equation(model::State& state) : domain_(state), evaluator_(domain_) {}

  void before(const model::Command& command, const model::Equations& equations, const model::CallValues& values) {
    command_ = &command;
    values_ = values;
    domain_.call(values_);
    evaluator_.start(command);
    seen_.assign(command.nodes.size(), 0);
    for (const NodeId id : equations.holds) sample(id);
  }

  Truth after(NodeId holds) { return model::ConcreteDomain::truth(evaluator_.eval(holds)); }

private:
  bool of_before(NodeId id) {
    if (id == model::no_node) return true;
    auto& known = seen_[id];
    if ((known & 3) == 0) {
      const model::Node& n = command_->nodes[id];
      const bool yes = n.when == model::When::before && !n.bound && n.op != Op::output && of_before(n.a) &&
                       of_before(n.b) && of_before(n.c) && of_before(n.d);
      known = static_cast<std::uint8_t>(known | (yes ? 1 : 2));
    }
    return (seen_[id] & 1) != 0;
  }

  // Evaluates the topmost nodes that only look at the state before.
  void sample(NodeId id) {
    if (id == model::no_node || (seen_[id] & 4) != 0) return;
    const bool before = of_before(id);
    seen_[id] |= 4;
    const model::Node& n = command_->nodes[id];
    if (before) {
      if (n.op == Op::walk || n.op == Op::place_at)
        evaluator_.place(id);
      else if (n.op != Op::table_of && n.op != Op::table_child && n.op != Op::table_at && n.op != Op::place_var)
        evaluator_.eval(id);
    }
    sample(n.a), sample(n.b), sample(n.c), sample(n.d);
  }

  model::ConcreteDomain domain_;
  model::Evaluator<model::ConcreteDomain> evaluator_;
  const model::Command* command_ = nullptr;
  model::CallValues values_;
  std::vector<std::uint8_t> seen_; ///< bits: 1 of the state before, 2 not, 4 sampled
};

std::vector<Recorded> all_traces() {
  std::vector<Recorded> out(recorded_traces());
  for (const auto& entry : std::filesystem::directory_iterator(RMMCHECK_SOURCE_DIR "/tests/cases"))
    if (entry.path().extension() == ".jsonl") out.push_back(read_trace(entry.path()));
  return out;
}

} // namespace

TEST_CASE("after a success every success condition holds", "[equations]") {
  const auto spec = shipped_spec();
  std::map<std::string, Count> counts;
  for (const auto& trace : all_traces()) {
    Replay replay(spec, trace.header);
    Equation equation(replay.state());
    std::uint64_t seq = 0;
    std::vector<bool> held;
    replay.before = [&](const auto& command, const auto& equations, const auto& values) {
      equation.before(command, equations, values);
      held.clear();
      for (const NodeId id : equations.holds) held.push_back(id == model::no_node || equation.after(id) != Truth::no);
      equation.before(command, equations, values);
    };
    replay.after = [&](const model::Command& command, const model::Equations& equations, const model::CallValues&) {
      const bool request = &equations == &command.request;
      for (std::size_t i = 0; i < equations.holds.size(); ++i) {
        if (equations.holds[i] == model::no_node) continue;
        const auto& row = request ? command.decl.request[i] : command.decl.success[i];
        Count& count = counts[fmt::format("{}/{}/{}", command.decl.name, request ? "request" : "success", row.id)];
        switch (equation.after(equations.holds[i])) {
        case Truth::yes:
          ++count.yes;
          count.made_true += held[i] ? 0 : 1;
          break;
        case Truth::open: ++count.open; break;
        case Truth::undefined: ++count.undefined; break;
        case Truth::no:
          if (count.no++ == 0) count.example = fmt::format("{} @{}", trace.name, seq);
          break;
        }
      }
    };
    for (const auto& call : trace.calls) {
      seq = call.seq;
      replay.call(call, false);
    }
    replay.finish();
  }

  std::uint64_t evaluated = 0, made_true = 0;
  std::string never;
  for (const auto& [id, count] : counts) {
    evaluated += count.yes;
    made_true += count.made_true;
    INFO(id << " " << count.example);
    CHECK(count.no == 0);
    CHECK((count.undefined == 0 || id == "RMI_REC_DESTROY/success/rec_aux_state"));
    if (count.yes == 0) never += fmt::format("\n    {} (open {}, undefined {})", id, count.open, count.undefined);
  }
  fmt::print("equations: {} conditions, {} times found to hold, of them {} times not before the call; never evaluated "
             "to yes:{}\n",
             counts.size(), evaluated, made_true, never);
  CHECK(evaluated > 10'000);
  CHECK(made_true > 5'000);
}
