#include "rmmcheck/checker/checker.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "binding.hpp"
#include "describe.hpp"
#include "explain.hpp"
#include "judge.hpp"
#include "platform.hpp"
#include "rmmcheck/checker/print.hpp"

namespace rmmcheck::checker {

using namespace model;
using traces::Call;
using traces::Phase;

// What is prepared once per command.
struct Prepared {
  const Command* command = nullptr;
  Binding binding;
  std::vector<std::pair<const Variant*, Binding>> variants;

  Prepared(const Spec& spec, const Command& c) : command(&c), binding(c) {
    for (const auto& v : spec.variants(c)) variants.emplace_back(&v, Binding(*v.command));
  }
};

class Checker::Impl {
public:
  Impl(std::shared_ptr<const Spec> spec, const traces::Header& header, CheckOptions options)
      : spec_(std::move(spec)), options_(options), state_(*spec_, platform_of(header)), judge_(*spec_, state_) {
    for (const auto& c : spec_->commands()) prepared_.push_back(std::make_unique<Prepared>(*spec_, *c));
    for (const auto& p : prepared_) {
      const auto fid = p->command->decl.fid;
      if ((fid & 0xfffffe00) == 0xc4000000)
        near_[fid & 0x1ff] = p.get();
      else if (fid != 0)
        far_[fid] = p.get();
      by_name_[p->command->decl.name] = p.get();
    }
    const auto event = [&](const char* name) -> const Prepared* {
      const auto it = by_name_.find(name);
      return it == by_name_.end() ? nullptr : it->second;
    };
    entry_ = event("REC_ENTRY");
    exit_ = event("REC_EXIT");
    psci_return_ = event("PSCI_RETURN");
    unused_ = event("UNUSED_OUTPUT");
    enter_ = event("RMI_REC_ENTER");
    zero_conforms_ = unused_ == nullptr || unused_conforms(*unused_->command, 0, 1);
  }

  bool call(const Call& c) {
    // A REC exit that this record shows to be over may itself be a violation.
    const std::uint64_t before = report_.violation_count;
    close_entries(c);
    const bool exits = report_.violation_count == before;
    const Prepared* p = find(c.fid);
    if (p == nullptr) {
      ++report_.unmodelled;
      return exits;
    }
    ++report_.calls;
    return (c.crashed ? crashed(*p, c) : check(*p, c)) && exits;
  }

  // Describes `c` while `judge` judges it: the call as a whole, or the end of an RMI_REC_ENTER.
  template <class F>
  Explanation explaining(const Call& c, F judge) {
    Explainer explainer(*spec_, judge_, c, [this](CallNumber n) { return n == 0 ? 0 : seq_of(n); });
    explainer_ = &explainer;
    judge_.observe([&](const Command& command) { explainer.applied(command); });
    const std::size_t violations = report_.violations.size();
    const auto notes = report_.notes;
    const std::size_t incomplete = report_.incomplete.size();
    const auto kept = std::exchange(options_.max_violations, violations + 1000);
    judge();
    options_.max_violations = kept;
    explainer_ = nullptr;
    judge_.observe({});
    Explanation e = explainer.end();
    e.violations.assign(report_.violations.begin() + static_cast<std::ptrdiff_t>(violations), report_.violations.end());
    for (std::size_t i = 0; i < report_.notes.size(); ++i)
      if (i >= notes.size() || notes[i].count != report_.notes[i].count)
        e.readings.push_back(report_.notes[i].amendment);
    if (!e.violations.empty())
      e.verdict = Verdict::violating;
    else if (!e.tables.empty() && report_.incomplete.size() == incomplete)
      e.verdict = Verdict::conforming;
    return e;
  }

  Explanation explain(const Call& c) {
    close_entries(c);
    explained_seq_ = c.seq;
    return explaining(c, [&] { call(c); });
  }
  const Explanation* explained_exit() const { return explained_exit_ ? &*explained_exit_ : nullptr; }

  const TraceReport& finish() {
    while (!open_.empty()) close(open_.begin());
    if (report_.calls == 0) report_.incomplete.emplace_back("the trace holds no call of the model");
    if (report_.violation_count != 0)
      report_.verdict = Verdict::violating;
    else if (!report_.incomplete.empty())
      report_.verdict = Verdict::inconclusive;
    else
      report_.verdict = Verdict::conforming;
    return report_;
  }

  const TraceReport& report() const { return report_; }
  Judge& judge() { return judge_; }
  const Spec& spec() const { return *spec_; }
  State& state() { return state_; }
  const Prepared* prepared(std::uint32_t fid) const { return find(fid); }
  void settle(const Call& c) { close_entries(c); }

private:
  // An RMI_REC_ENTER that succeeded and whose Realm may still run.
  struct OpenEntry {
    Call call;
    CallNumber number;
  };

  const Prepared* find(std::uint32_t fid) const {
    if ((fid & 0xfffffe00) == 0xc4000000) return near_[fid & 0x1ff];
    const auto it = far_.find(fid);
    return it == far_.end() ? nullptr : it->second;
  }

  // Records of a Realm's calls follow their RMI_REC_ENTER directly. The next call of the same CPU that is not one of
  // them says that the Realm has stopped running.
  void close_entries(const Call& c) {
    if (open_.empty()) return;
    for (auto it = open_.begin(); it != open_.end();) {
      const bool nested = c.phase != Phase::host && (c.parent == 0 || c.parent == it->call.seq);
      if (it->call.cpu != c.cpu || nested) {
        ++it;
        continue;
      }
      it = close(it);
    }
  }
  std::vector<OpenEntry>::iterator close(std::vector<OpenEntry>::iterator it) {
    const OpenEntry open = *it;
    const auto next = open_.erase(it);
    if (exit_ != nullptr && open.call.seq == explained_seq_)
      explained_exit_ = explaining(open.call, [&] { step(*exit_, open.call, open.number); });
    else if (exit_ != nullptr)
      step(*exit_, open.call, open.number);
    return next;
  }

  // A cell remembers its writer by the low half of the call's seq: what memory costs must not grow with the trace.
  CallNumber number(const Call& c) {
    last_seq_ = c.seq;
    return static_cast<CallNumber>(c.seq);
  }
  std::uint64_t seq_of(CallNumber n) const {
    const std::uint64_t high = last_seq_ & ~std::uint64_t{0xffffffff};
    return (high | n) > last_seq_ ? (high | n) - (std::uint64_t{1} << 32) : high | n;
  }

  bool check(const Prepared& p, const Call& c) {
    const std::uint64_t before = report_.violation_count + (options_.strict ? noted_ : 0);
    const Command& command = *p.command;
    p.binding.fill(c, values_);
    values_.number = number(c);
    current_rec(c);
    if (c.phase == Phase::pending) {
      if (explainer_ != nullptr) explainer_->begin(command, values_, true);
      const Judgement j = judge_.pending(command, values_);
      if (j.depends_on_unknown) ++report_.with_unknowns;
      if (j.broken != Judgement::Broken::nothing && !under_reading(p, c, std::nullopt)) {
        violation(p, c, j, true);
        judge_.adopt_equations(command, command.request, values_);
      }
    } else if ((c.out_known & 1) == 0) {
      // No result recorded: what the call did, if anything, is not known.
      report_.incomplete.push_back(
          fmt::format("line {}: the result of {} was not recorded", c.line, command.decl.name));
    } else if (c.phase == Phase::returned && psci_return_ != nullptr && command.decl.name.starts_with("PSCI_")) {
      step(*psci_return_, c, values_.number);
    } else {
      completed(p, c);
    }
    return report_.violation_count + (options_.strict ? noted_ : 0) == before;
  }

  void completed(const Prepared& p, const Call& c) {
    const Command& command = *p.command;
    const std::uint64_t x0 = c.out[0];
    if (explainer_ != nullptr) explainer_->begin(command, values_, false);
    const Judgement j = judge_.complete(command, values_, x0);
    if (j.depends_on_unknown) ++report_.with_unknowns;
    if (j.broken != Judgement::Broken::nothing && !under_reading(p, c, x0)) {
      violation(p, c, j, false);
      judge_.adopt(command, values_, x0, j);
    }
    unused_registers(p, c);
    if (&p == enter_) entered(p, c, x0);
  }

  // Tries the readings of the command, each alone and then all; the first that allows the call is noted.
  // Without a result, the call made the REC exit.
  bool under_reading(const Prepared& p, const Call& c, std::optional<std::uint64_t> x0) {
    for (const auto& [variant, binding] : p.variants) {
      CallValues values;
      binding.fill(c, values);
      values.number = values_.number;
      values.current_rec = values_.current_rec;
      values.current_rec_known = values_.current_rec_known;
      const Judgement j =
          x0 ? judge_.complete(*variant->command, values, *x0) : judge_.pending(*variant->command, values);
      if (j.broken != Judgement::Broken::nothing) continue;
      for (const auto& a : variant->amendments) note(a, c);
      return true;
    }
    return false;
  }

  void note(const std::string& amendment, const Call& c) {
    ++noted_;
    for (auto& n : report_.notes)
      if (n.amendment == amendment) {
        ++n.count;
        if (options_.strict) strict_violation(amendment, c);
        return;
      }
    report_.notes.push_back({amendment, 1, c.seq, c.line});
    if (options_.strict) strict_violation(amendment, c);
  }

  void strict_violation(const std::string& amendment, const Call& c) {
    Violation v;
    v.rule = amendment;
    v.sentence = "conforms only under the reading " + amendment;
    add(std::move(v), *find(c.fid), c);
  }

  // --- registers that are no outputs --------------------------------------------------------------------------------

  bool unused_conforms(const Command& command, std::uint64_t value, std::uint64_t input) {
    CallValues v;
    v.input[0] = value;
    v.input[1] = input;
    v.input_known = 3;
    return judge_.event(command, v).broken == Judgement::Broken::nothing;
  }

  void unused_registers(const Prepared& p, const Call& c) {
    if (unused_ == nullptr) return;
    const bool success = c.out[0] == p.command->success_value;
    for (unsigned reg = 1; reg < c.out.size(); ++reg) {
      if ((c.out_known >> reg & 1U) == 0) continue;
      std::uint64_t value = c.out[reg];
      const bool unused = (p.binding.unused_outputs() >> reg & 1U) != 0;
      if (!unused) {
        if (!success || !p.binding.has_zero_bits()) continue;
        value &= p.binding.zero_bits(reg);
      }
      if (value == 0 && zero_conforms_) continue;
      const std::uint64_t input = (c.in_known >> (reg - 1) & 1U) != 0 ? c.in[reg - 1] : 0;
      if (unused_conforms(*unused_->command, value, input)) continue;
      bool allowed = false;
      for (const auto& [variant, binding] : unused_->variants)
        if (unused_conforms(*variant->command, value, input)) {
          for (const auto& a : variant->amendments) note(a, c);
          allowed = true;
          break;
        }
      if (allowed) continue;
      Violation v;
      v.rule = unused ? fmt::format("unused_output_x{}", reg) : fmt::format("unused_bits_x{}", reg);
      v.section = unused_->command->decl.section;
      v.sentence = unused ? fmt::format("X{} is no output of this command and must be zero, but is {:#x}", reg, value)
                          : fmt::format("bits of X{} that carry no output must be zero, but {:#x} is set", reg, value);
      add(std::move(v), p, c);
    }
  }

  // --- REC entry and exit -------------------------------------------------------------------------------------------

  void current_rec(const Call& c) {
    if (values_.current_rec_known || c.phase == Phase::host) return;
    for (const auto& o : open_)
      if (o.call.seq == c.parent || (c.parent == 0 && o.call.cpu == c.cpu)) {
        values_.current_rec = o.call.in[0];
        values_.current_rec_known = true;
      }
  }

  void entered(const Prepared& p, const Call& c, std::uint64_t x0) {
    if (x0 != p.command->success_value) {
      // A recorder writes exit data only when the Realm ran.
      const auto names = traces::param_names(traces::ParamsKind::run);
      for (std::size_t i = 0; i < names.size(); ++i)
        if (c.params.kind == traces::ParamsKind::run && names[i].starts_with("exit.") &&
            (c.params.known >> i & 1U) != 0) {
          Violation v;
          v.rule = "rec_exit";
          v.sentence = "the command failed, but exit data was recorded: the Realm has run";
          add(std::move(v), p, c);
          break;
        }
      return;
    }
    if (entry_ != nullptr) step(*entry_, c, values_.number);
    open_.push_back({c, values_.number});
  }

  // A step of the model that is part of `c`.
  void step(const Prepared& p, const Call& c, CallNumber number) {
    CallValues values;
    p.binding.fill(c, values);
    values.number = number;
    values.current_rec = values_.current_rec;
    values.current_rec_known = values_.current_rec_known;
    if (explainer_ != nullptr) explainer_->begin(*p.command, values, false);
    const Judgement j = judge_.event(*p.command, values);
    if (j.broken == Judgement::Broken::nothing) return;
    std::swap(values, values_);
    violation(p, c, j, false);
    std::swap(values, values_);
    judge_.adopt_equations(*p.command, p.command->success, values);
  }

  // --- findings -----------------------------------------------------------------------------------------------------

  bool crashed(const Prepared& p, const Call& c) {
    p.binding.fill(c, values_);
    values_.number = number(c);
    if (explainer_ != nullptr) explainer_->begin(*p.command, values_, false);
    Violation v;
    v.rule = "crash";
    v.sentence = "the RMM died in this call";
    v.allowed = allowed_results(*spec_, *p.command, values_, judge_);
    add(std::move(v), p, c);
    return false;
  }

  void violation(const Prepared& p, const Call& c, const Judgement& j, bool pending) {
    const Command& command = *p.command;
    Violation v;
    v.section = command.decl.section;
    const bool event = command.decl.event;
    if (!event) v.allowed = allowed_results(*spec_, command, values_, judge_);
    describe_result(*spec_, event ? *find(c.fid)->command : command, c.out[0], v.observed_status, v.observed_index);
    const Condition* rule = nullptr;
    std::vector<NodeId> decided;
    switch (j.broken) {
    case Judgement::Broken::must_fail:
      rule = &command.decl.failure[j.rule];
      v.rule = rule->id;
      decided.push_back(command.failures[j.rule].pre);
      v.sentence =
          pending ? fmt::format("the Realm's request went to the Host, although failure condition {} holds", rule->id)
                  : fmt::format("succeeded, although failure condition {} holds", rule->id);
      break;
    case Judgement::Broken::must_succeed:
      v.rule = "unexpected_" + v.observed_status;
      v.sentence = fmt::format("failed with {}, although no failure condition holds", v.observed_status);
      for (std::size_t i = 0; i < command.failures.size(); ++i)
        if (command.failures[i].status == (c.out[0] & 0xff)) {
          decided.push_back(command.failures[i].pre);
          if (rule == nullptr) rule = &command.decl.failure[i];
        }
      break;
    case Judgement::Broken::other_failure:
      rule = &command.decl.failure[j.rule];
      v.rule = rule->id;
      decided.push_back(command.failures[j.rule].pre);
      v.sentence = fmt::format("failed with {}, but failure condition {} asks for another result",
                               result_text(v.observed_status, v.observed_index), rule->id);
      break;
    case Judgement::Broken::failure_output: {
      rule = &command.decl.failure[j.rule];
      const Check& check = command.failures[j.rule].outputs[static_cast<std::size_t>(j.check)];
      const std::string output =
          check.output >= 0 ? command.decl.outputs[static_cast<std::size_t>(check.output)].name : "output";
      v.rule = rule->id + "." + output;
      v.sentence = fmt::format("failure condition {} allows the result, but not this value of {}", rule->id, output);
      decided = {command.failures[j.rule].pre, check.holds};
      break;
    }
    case Judgement::Broken::equation: {
      rule = pending ? &command.decl.request[j.rule] : &command.decl.success[j.rule];
      v.rule = rule->id;
      v.sentence = fmt::format("success condition {} does not hold", rule->id);
      decided.push_back((pending ? command.request : command.success).checks[static_cast<std::size_t>(j.check)].holds);
      break;
    }
    case Judgement::Broken::nothing: break;
    }
    std::vector<CellId> cells;
    judge_.holding(command, values_);
    judge_.domain().trace(&cells);
    judge_.evaluator().start(command);
    for (const NodeId id : decided) judge_.evaluator().eval(id);
    judge_.domain().trace(nullptr);
    std::set<std::uint64_t> causes;
    for (const auto& cell : cells)
      if (const CallNumber n = state_.writer(cell); n != 0 && n != values_.number) causes.insert(seq_of(n));
    v.caused_by.assign(causes.begin(), causes.end());
    if (v.caused_by.size() > 64) v.caused_by.erase(v.caused_by.begin(), v.caused_by.end() - 64);
    if (rule != nullptr) {
      judge_.evaluator().start(command);
      const When when = j.broken == Judgement::Broken::equation ? When::after : When::before;
      if (rule->pre) v.decided_by = explain_values(*spec_, command, values_, *rule->pre, when, judge_);
      if (rule->post && (j.broken == Judgement::Broken::equation || j.broken == Judgement::Broken::failure_output))
        for (auto& e : explain_values(*spec_, command, values_, *rule->post, when, judge_))
          add_once(v.decided_by, std::move(e));
    }
    // Nothing held: the values of every condition that would have explained what was observed.
    if (j.broken == Judgement::Broken::must_succeed)
      for (std::size_t i = 0; i < command.failures.size(); ++i)
        if (command.failures[i].status == (c.out[0] & 0xff) && v.decided_by.size() < 16)
          for (auto& e : explain_values(*spec_, command, values_, *command.decl.failure[i].pre, When::before, judge_))
            add_once(v.decided_by, std::move(e));
    add(std::move(v), p, c);
  }

  static void add_once(std::vector<Explained>& list, Explained e) {
    if (std::none_of(list.begin(), list.end(), [&](const Explained& x) { return x.text == e.text; }))
      list.push_back(std::move(e));
  }

  void add(Violation v, const Prepared& p, const Call& c) {
    const Prepared& recorded = p.command->decl.event ? *find(c.fid) : p;
    const Command& command = *recorded.command;
    v.seq = c.seq;
    v.line = c.line;
    v.call = command.decl.name;
    if (v.section.empty()) v.section = command.decl.section;
    if (v.observed_status.empty() && (c.out_known & 1) != 0)
      describe_result(*spec_, command, c.out[0], v.observed_status, v.observed_index);
    if (v.observed_status.empty()) v.observed_status = c.phase == Phase::pending ? "REC exit" : "none";
    CallValues values;
    recorded.binding.fill(c, values);
    for (std::size_t i = 0; i < command.decl.inputs.size(); ++i)
      if ((values.input_known >> i & 1U) != 0)
        v.inputs.emplace_back(command.decl.inputs[i].name,
                              spec_->enumerator(command.decl.inputs[i].type, values.input[i]));
    for (std::size_t i = 0; i < command.decl.outputs.size(); ++i)
      if ((values.output_known >> i & 1U) != 0)
        v.outputs.emplace_back(command.decl.outputs[i].name,
                               spec_->enumerator(command.decl.outputs[i].type, values.output[i]));
    v.signature = command.decl.name + "/" + v.rule;
    ++report_.violation_count;
    ++report_.signatures[v.signature];
    // The first of each kind is kept in any case: a flood of one must not hide another.
    if (report_.violations.size() < options_.max_violations || report_.signatures[v.signature] == 1)
      report_.violations.push_back(std::move(v));
  }

  std::shared_ptr<const Spec> spec_;
  CheckOptions options_;
  State state_;
  Judge judge_;
  std::vector<std::unique_ptr<Prepared>> prepared_;
  const Prepared* near_[512] = {};
  std::unordered_map<std::uint32_t, const Prepared*> far_;
  std::unordered_map<std::string, const Prepared*> by_name_;
  const Prepared *entry_ = nullptr, *exit_ = nullptr, *psci_return_ = nullptr, *unused_ = nullptr, *enter_ = nullptr;
  bool zero_conforms_ = true;
  CallValues values_;
  std::vector<OpenEntry> open_;
  std::uint64_t last_seq_ = 0;
  std::uint64_t noted_ = 0;
  TraceReport report_;
  Explainer* explainer_ = nullptr; ///< while a call is explained
  std::uint64_t explained_seq_ = 0;
  std::optional<Explanation> explained_exit_;
};

Checker::Checker(std::shared_ptr<const Spec> spec, const traces::Header& header, CheckOptions options)
    : impl_(std::make_unique<Impl>(std::move(spec), header, options)) {}
Checker::~Checker() = default;
Checker::Checker(Checker&&) noexcept = default;

bool Checker::call(const Call& c) { return impl_->call(c); }
Explanation Checker::explain(const Call& c) { return impl_->explain(c); }
const Explanation* Checker::explained_exit() const { return impl_->explained_exit(); }
const TraceReport& Checker::finish() { return impl_->finish(); }
const TraceReport& Checker::report() const { return impl_->report(); }

std::map<std::string, std::uint64_t> Checker::coverage() const {
  std::map<std::string, std::uint64_t> out;
  for (const auto& c : impl_->spec().commands()) {
    const auto& cov = impl_->judge().coverage(*c);
    for (std::size_t i = 0; i < c->decl.failure.size(); ++i)
      out[c->decl.name + "/failure/" + c->decl.failure[i].id] = cov.failure[i];
    for (std::size_t i = 0; i < c->decl.success.size(); ++i)
      out[c->decl.name + "/success/" + c->decl.success[i].id] = cov.success[i];
    for (std::size_t i = 0; i < c->decl.request.size(); ++i)
      out[c->decl.name + "/request/" + c->decl.request[i].id] = cov.request[i];
  }
  return out;
}

} // namespace rmmcheck::checker
