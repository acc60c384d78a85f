// One command against the state: which results are allowed, what the observed one does to the state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "rmmcheck/model/concrete.hpp"
#include "rmmcheck/model/evaluator.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/model/state.hpp"

namespace rmmcheck::checker {

/// What was found about a call; `rule` refers to the command that was judged.
struct Judgement {
  enum class Broken : std::uint8_t {
    nothing,
    must_fail,      ///< success, although failure condition `rule` holds
    must_succeed,   ///< a failure, although no failure condition holds
    other_failure,  ///< a failure other than those allowed; `rule` is an allowed one
    failure_output, ///< the failure `rule` is allowed, but an output that it defines is wrong
    equation,       ///< success condition `rule` does not hold
  };
  Broken broken = Broken::nothing;
  std::uint16_t rule = 0;
  int check = -1; ///< equation, failure_output: index of the check
  bool depends_on_unknown = false;
};

class Judge {
public:
  Judge(const model::Spec& spec, model::State& state)
      : assigned_(spec.value("ASSIGNED")), granule_state_slot_(spec.object(model::granule_kind).find("state")->slot),
        state_(state), domain_(state), evaluator_(domain_) {}

  /// Judges a completed call and, where it conforms, applies its effects. X0 is the whole return value.
  /// On a violation the state is as before the call.
  Judgement complete(const model::Command& command, const model::CallValues& values, std::uint64_t x0);
  /// A Realm's call that made the REC exit: no failure condition may hold; then `request` takes effect.
  Judgement pending(const model::Command& command, const model::CallValues& values);
  /// A step that is no command (REC entry, REC exit): its equations take effect or are tested.
  Judgement event(const model::Command& command, const model::CallValues& values);

  /// After a violation: makes the state agree with what was observed; cells that no longer agree become unknown.
  void adopt(const model::Command& command, const model::CallValues& values, std::uint64_t x0,
             const Judgement& judgement);
  /// The same for a step or a request: its equations take effect although one of them was broken.
  void adopt_equations(const model::Command& command, const model::Equations& equations,
                       const model::CallValues& values);

  /// Failure conditions that hold / may hold, as bit masks, in the state as it is.
  struct Holding {
    std::uint32_t holds = 0, open = 0, unknown = 0;
  };
  Holding holding(const model::Command& command, const model::CallValues& values);

  /// Lets the success conditions take effect, calls `look` in that state, and takes everything back (explanations).
  void rehearse(const model::Command& command, const model::CallValues& values, const std::function<void()>& look);
  /// Calls `f` when equations have taken effect and nothing is final yet (explanations); empty: nobody looks.
  void observe(std::function<void(const model::Command&)> f) { observer_ = std::move(f); }

  model::ConcreteDomain& domain() { return domain_; }
  model::Evaluator<model::ConcreteDomain>& evaluator() { return evaluator_; }

  /// Calls judged per failure condition and equation (coverage); indexed by Command.
  struct Coverage {
    std::vector<std::uint64_t> failure, success,
        request;                       ///< how often the observed failure was it / the equation was applied
    std::vector<std::uint64_t> masked; ///< per failure condition: held, but a predecessor came first
  };
  Coverage& coverage(const model::Command& command);

private:
  using Domain = model::ConcreteDomain;

  Holding evaluate_failures(const model::Command& command);
  /// -1 when failure `i` does not give x0; else whether its outputs are as it says: 1 yes, 0 no, 2 cannot be told.
  int matches(const model::Command& command, std::size_t i, std::uint64_t x0, int& wrong_check);
  Judgement apply(const model::Command& command, const model::Equations& equations, bool with_footprint);
  void write(const model::Write<Domain>& w);
  void footprint(const model::Command& command);
  bool written(const model::FootprintCode& item, std::uint64_t key, const model::Place& place,
               std::uint16_t field) const;
  void learn(const model::Command& command, model::NodeId node, std::uint64_t value);
  void learn_bool(const model::Command& command, model::NodeId node, bool value);
  void force(const model::Command& command, model::NodeId node, bool value);
  void forget_walk(const model::Command& command, std::int32_t reported);
  void adopt_failure(const model::Command& command, std::uint64_t x0);
  void adopt_success(const model::Command& command, const Holding& holding, const Judgement& judgement);
  void forget_read(const model::Command& command, model::NodeId holds);
  void write_uncertain(model::Write<Domain> w);
  void forget_entry(const model::Place& place);
  void drop_reference(const model::Place& place);
  void forget_granule(std::uint64_t addr);
  void forget_named();

  std::uint64_t assigned_;
  std::uint16_t granule_state_slot_;
  model::State& state_;
  Domain domain_;
  model::Evaluator<Domain> evaluator_;
  const model::Command* command_ = nullptr; ///< being applied
  const model::CallValues* values_ = nullptr;
  std::vector<model::Write<Domain>> writes_;
  std::vector<std::unique_ptr<Coverage>> coverage_;
  std::unordered_map<const model::Command*, Coverage*> coverage_of_;
  std::function<void(const model::Command&)> observer_;
  const std::function<void()>* rehearsal_ = nullptr;
};

} // namespace rmmcheck::checker
