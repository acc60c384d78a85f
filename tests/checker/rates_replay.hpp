// The model run call by call without the checker around it: what it allows for each call, and whether it accepts what
// was recorded. Tests compare two copies of it, or look at the state right after a call.
//
// For traces of one CPU; the order of steps (RMI_REC_ENTER, REC_ENTRY, the Realm's calls, REC_EXIT) is the checker's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "../../checker/src/binding.hpp"
#include "../../checker/src/judge.hpp"
#include "../../checker/src/platform.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::checker::test {

class Replay {
public:
  /// What the model says about one record.
  struct Outcome {
    bool modelled = false;
    bool accepted = true; ///< as recorded, under the text or a reading
    std::string allowed;  ///< the results that it allows, as text
  };
  /// Called around each step that is to make `equations` true: before it, and after it when it was accepted as the text
  /// has it (not under a reading).
  using Step = std::function<void(const model::Command&, const model::Equations& equations, const model::CallValues&)>;

  Replay(std::shared_ptr<const model::Spec> spec, const traces::Header& header)
      : spec_(std::move(spec)), state_(*spec_, platform_of(header)), judge_(*spec_, state_) {}

  model::State& state() { return state_; }
  Judge& judge() { return judge_; }
  Step before, after;

  Outcome call(const traces::Call& call, bool describe = true) {
    Outcome out;
    if (open_ && !(call.phase != traces::Phase::host && (call.parent == 0 || call.parent == open_->seq)))
      out.accepted = finish();
    const model::Command* command = spec_->find_fid(call.fid);
    if (command == nullptr || call.crashed) return out;
    out.modelled = true;
    model::CallValues values;
    fill(*command, call, values);
    if (call.phase == traces::Phase::pending) {
      if (describe) out.allowed = allowed(*command, values);
      if (before) before(*command, command->request, values);
      judged(out, judge_.pending(*command, values), *command, command->request, values,
             [&](const model::Command& variant) {
               model::CallValues v;
               fill(variant, call, v);
               return judge_.pending(variant, v);
             });
      if (!out.accepted) judge_.adopt_equations(*command, command->request, values);
      return out;
    }
    if ((call.out_known & 1U) == 0) return out;
    if (call.phase == traces::Phase::returned && command->decl.name.starts_with("PSCI_")) {
      out.accepted = step("PSCI_RETURN", call) && out.accepted;
      return out;
    }
    if (describe) out.allowed = allowed(*command, values);
    static const model::Equations none;
    const model::Equations& equations = call.out[0] == command->success_value ? command->success : none;
    if (before) before(*command, equations, values);
    const Judgement first = judge_.complete(*command, values, call.out[0]);
    judged(out, first, *command, equations, values, [&](const model::Command& variant) {
      model::CallValues v;
      fill(variant, call, v);
      return judge_.complete(variant, v, call.out[0]);
    });
    if (first.broken != Judgement::Broken::nothing && !conforming_) judge_.adopt(*command, values, call.out[0], first);
    if (command->decl.name == "RMI_REC_ENTER" && call.out[0] == command->success_value) {
      out.accepted = step("REC_ENTRY", call) && out.accepted;
      open_ = call;
    }
    return out;
  }

  /// The last REC exit takes effect; false when one of its equations does not hold.
  bool finish() {
    if (!open_) return true;
    const traces::Call enter = *open_;
    open_.reset();
    return step("REC_EXIT", enter);
  }

private:
  const Binding& binding(const model::Command& command) {
    auto& b = bindings_[&command];
    if (!b) b = std::make_unique<Binding>(command);
    return *b;
  }

  void fill(const model::Command& command, const traces::Call& call, model::CallValues& values) {
    binding(command).fill(call, values);
    values.number = static_cast<model::CallNumber>(call.seq);
    if (!values.current_rec_known && call.phase != traces::Phase::host && open_) {
      values.current_rec = open_->in[0];
      values.current_rec_known = true;
    }
  }

  template <class Try>
  void judged(Outcome& out, const Judgement& j, const model::Command& command, const model::Equations& equations,
              const model::CallValues& values, Try again) {
    conforming_ = j.broken == Judgement::Broken::nothing;
    if (conforming_) {
      if (after) after(command, equations, values);
      return;
    }
    for (const auto& variant : spec_->variants(command))
      if (again(*variant.command).broken == Judgement::Broken::nothing) {
        conforming_ = true;
        return;
      }
    out.accepted = false;
  }

  bool step(const char* event, const traces::Call& call) {
    const model::Command* command = spec_->find(event);
    if (command == nullptr) return true;
    model::CallValues values;
    fill(*command, call, values);
    if (before) before(*command, command->success, values);
    const bool good = judge_.event(*command, values).broken == Judgement::Broken::nothing;
    if (!good)
      judge_.adopt_equations(*command, command->success, values);
    else if (after)
      after(*command, command->success, values);
    return good;
  }

  std::string allowed(const model::Command& command, const model::CallValues& values) {
    const auto h = judge_.holding(command, values);
    auto& evaluator = judge_.evaluator();
    std::set<std::string> results;
    if (h.holds == 0) results.insert("success");
    for (std::size_t i = 0; i < command.failures.size(); ++i) {
      const auto& f = command.failures[i];
      if (((h.holds | h.open) >> i & 1U) == 0 || (f.predecessors & h.holds) != 0) continue;
      std::string result = fmt::format("{}{}", f.status, (h.holds >> i & 1U) != 0 ? "" : "?");
      const auto value = [&](model::NodeId node) {
        const auto v = evaluator.eval(node);
        return v.status == model::Status::known ? fmt::format("{:#x}", v.bits) : std::string("?");
      };
      if (f.index != model::no_node) result += "." + value(f.index);
      for (const auto& o : f.outputs)
        if (o.output >= 0 && o.value != model::no_node) result += fmt::format(" x{}={}", o.output, value(o.value));
      results.insert(result);
    }
    std::string text;
    for (const auto& r : results) text += (text.empty() ? "" : " | ") + r;
    return text;
  }

  std::shared_ptr<const model::Spec> spec_;
  model::State state_;
  Judge judge_;
  std::map<const model::Command*, std::unique_ptr<Binding>> bindings_;
  std::optional<traces::Call> open_;
  bool conforming_ = true;
};

} // namespace rmmcheck::checker::test
