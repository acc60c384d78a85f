#include "judge.hpp"

#include <algorithm>

namespace rmmcheck::checker {

using namespace model;

Judge::Coverage& Judge::coverage(const Command& command) {
  auto& c = coverage_of_[&command];
  if (c == nullptr) {
    coverage_.push_back(std::make_unique<Coverage>());
    c = coverage_.back().get();
    c->failure.resize(command.failures.size());
    c->masked.resize(command.failures.size());
    c->success.resize(command.decl.success.size());
    c->request.resize(command.decl.request.size());
  }
  return *c;
}

Judge::Holding Judge::evaluate_failures(const Command& command) {
  Holding h;
  for (std::size_t i = 0; i < command.failures.size(); ++i) {
    const auto v = evaluator_.eval(command.failures[i].pre);
    // A condition holds only where it is well-formed (specs/README.md).
    if (v.status == Status::known)
      h.holds |= (v.bits != 0 ? 1U : 0U) << i;
    else if (v.status != Status::undefined) {
      h.open |= 1U << i;
      if (v.status == Status::unknown) h.unknown |= 1U << i;
    }
  }
  return h;
}

Judge::Holding Judge::holding(const Command& command, const CallValues& values) {
  values_ = &values;
  domain_.call(values);
  evaluator_.start(command);
  return evaluate_failures(command);
}

int Judge::matches(const Command& command, std::size_t i, std::uint64_t x0, int& wrong_check) {
  const FailureCode& f = command.failures[i];
  bool certain = true;
  std::uint64_t expected = f.status;
  if (f.index != no_node) {
    const auto index = evaluator_.eval(f.index);
    if (index.status == Status::known)
      expected |= (index.bits & 0xff) << 8;
    else if ((x0 & 0xff) == f.status && x0 >> 16 == 0) {
      expected = x0;
      certain = false;
    }
  }
  if (expected != x0) return -1;
  for (std::size_t k = 0; k < f.outputs.size(); ++k) {
    const Truth t = Domain::truth(evaluator_.eval(f.outputs[k].holds));
    if (t == Truth::no) {
      wrong_check = static_cast<int>(k);
      return 0;
    }
    certain = certain && t == Truth::yes;
  }
  return certain ? 1 : 2;
}

namespace {

// The first of the conditions that hold which no other one comes before.
std::uint16_t first_reported(const Command& command, std::uint32_t holds) {
  for (std::size_t i = 0; i < command.failures.size(); ++i)
    if ((holds >> i & 1U) != 0 && (command.failures[i].predecessors & holds) == 0) return static_cast<std::uint16_t>(i);
  return 0;
}

} // namespace

Judgement Judge::complete(const Command& command, const CallValues& values, std::uint64_t x0) {
  values_ = &values;
  domain_.call(values);
  evaluator_.start(command);
  const Holding h = evaluate_failures(command);
  Judgement j;
  j.depends_on_unknown = h.unknown != 0;

  if (x0 == command.success_value || (command.result_is_output && h.holds == 0)) {
    if (h.holds != 0) {
      j.broken = Judgement::Broken::must_fail;
      j.rule = first_reported(command, h.holds);
      return j;
    }
    // Success says that none of the conditions held; what that tells of unknown cells is learnt.
    if (h.unknown != 0) {
      for (std::size_t i = 0; i < command.failures.size(); ++i)
        if ((h.unknown >> i & 1U) != 0) learn_bool(command, command.failures[i].pre, false);
      evaluator_.start(command);
    }
    const bool unknown = j.depends_on_unknown;
    j = apply(command, command.success, true);
    j.depends_on_unknown = j.depends_on_unknown || unknown;
    return j;
  }

  const std::uint32_t possible = h.holds | h.open;
  int wrong_check = -1, wrong_rule = -1, possible_rule = -1;
  for (std::size_t i = 0; i < command.failures.size(); ++i) {
    if ((possible >> i & 1U) == 0 || (command.failures[i].predecessors & h.holds) != 0) continue;
    int check = -1;
    const int m = matches(command, i, x0, check);
    if (m == 1 && (h.holds >> i & 1U) != 0) {
      ++coverage(command).failure[i];
      return j;
    }
    if (m > 0 && possible_rule < 0) possible_rule = static_cast<int>(i);
    if (m == 0 && wrong_rule < 0) {
      wrong_rule = static_cast<int>(i);
      wrong_check = check;
    }
  }
  if (possible_rule >= 0) {
    // Only a condition that may hold explains it. If it is the only one, it did hold.
    j.depends_on_unknown = true;
    if ((h.unknown >> possible_rule & 1U) != 0 && std::has_single_bit(possible & ~h.holds))
      learn_bool(command, command.failures[static_cast<std::size_t>(possible_rule)].pre, true);
    state_.commit();
    return j;
  }
  if (wrong_rule >= 0) {
    j.broken = Judgement::Broken::failure_output;
    j.rule = static_cast<std::uint16_t>(wrong_rule);
    j.check = wrong_check;
    return j;
  }
  if (h.holds == 0) {
    j.broken = Judgement::Broken::must_succeed;
    return j;
  }
  j.broken = Judgement::Broken::other_failure;
  j.rule = first_reported(command, h.holds);
  return j;
}

Judgement Judge::pending(const Command& command, const CallValues& values) {
  values_ = &values;
  domain_.call(values);
  evaluator_.start(command);
  const Holding h = evaluate_failures(command);
  Judgement j;
  j.depends_on_unknown = h.unknown != 0;
  if (h.holds != 0) {
    j.broken = Judgement::Broken::must_fail;
    j.rule = first_reported(command, h.holds);
    return j;
  }
  return apply(command, command.request, false);
}

Judgement Judge::event(const Command& command, const CallValues& values) {
  values_ = &values;
  domain_.call(values);
  evaluator_.start(command);
  return apply(command, command.success, true);
}

void Judge::rehearse(const Command& command, const CallValues& values, const std::function<void()>& look) {
  values_ = &values;
  domain_.call(values);
  evaluator_.start(command);
  rehearsal_ = &look;
  apply(command, command.success, true);
  rehearsal_ = nullptr;
}

// --- effects --------------------------------------------------------------------------------------------------------

void Judge::write(const model::Write<Domain>& w) {
  const bool certain = !w.guarded && w.value.status == Status::known;
  if (w.to_entry) {
    if (w.place.status != Status::known) return;
    const auto field = static_cast<EntryField>(w.field);
    if (certain)
      state_.write_entry(*w.place.table, w.place.index, field, w.value.bits, values_->number);
    else
      state_.forget_entry(*w.place.table, w.place.index, field, values_->number);
    return;
  }
  if (w.key.status != Status::known) {
    if (w.kind == granule_kind) forget_named();
    return;
  }
  if (w.kind == granule_kind && (w.key.bits & 0xfff) != 0) return;
  if (certain)
    state_.write(w.kind, w.key.bits, w.field, w.value.bits, values_->number);
  else
    state_.forget(w.kind, w.key.bits, w.field, values_->number);
}

// A Granule changes at an address that the state does not tell. When the outputs name it, it is one of those.
void Judge::forget_named() {
  for (std::size_t i = 0; i < command_->decl.outputs.size(); ++i)
    if (command_->decl.outputs[i].type == "Address" && (values_->output_known >> i & 1U) != 0)
      forget_granule(values_->output[i]);
}

bool Judge::written(const FootprintCode& item, std::uint64_t key, const Place& place, std::uint16_t field) const {
  return std::any_of(writes_.begin(), writes_.end(), [&](const auto& w) {
    if (w.field != field) return false;
    if (item.kind == FootprintCode::Kind::cell || item.kind == FootprintCode::Kind::range)
      return !w.to_entry && w.kind == item.object && w.key.bits == key;
    return w.to_entry && w.place.table == place.table && w.place.index == place.index;
  });
}

// What the footprint names and no equation has fixed may have changed in any way.
void Judge::footprint(const Command& command) {
  for (const auto& item : command.footprint) {
    switch (item.kind) {
    case FootprintCode::Kind::cell: {
      const auto key = evaluator_.eval(item.target);
      if (key.status != Status::known) break;
      for (std::uint16_t s = 0; s < item.slots; ++s)
        if (!written(item, key.bits, {}, static_cast<std::uint16_t>(item.field + s)))
          state_.forget(item.object, key.bits, static_cast<std::uint16_t>(item.field + s), values_->number);
      break;
    }
    case FootprintCode::Kind::range:
      evaluator_.each_round(item, [&](const Domain::Value& key) {
        if (key.status == Status::known && (key.bits & 0xfff) == 0 && !written(item, key.bits, {}, item.field))
          state_.forget(item.object, key.bits, item.field, values_->number);
      });
      break;
    case FootprintCode::Kind::entry: {
      const Place p = evaluator_.place(item.target);
      if (p.status != Status::known) break;
      for (std::uint16_t f = 0; f < entry_fields; ++f)
        if ((item.fields >> f & 1U) != 0 && !written(item, 0, p, f))
          state_.forget_entry(*p.table, p.index, static_cast<EntryField>(f), values_->number);
      break;
    }
    case FootprintCode::Kind::table: {
      const auto t = evaluator_.table(item.target);
      if (t.table == nullptr) break;
      for (std::uint32_t i = 0; i < t.table->entries; ++i)
        for (std::uint16_t f = 0; f < entry_fields; ++f)
          if ((item.fields >> f & 1U) != 0 && !written(item, 0, {t.table, i, 0, Status::known}, f))
            state_.forget_entry(*t.table, i, static_cast<EntryField>(f), values_->number);
      break;
    }
    }
  }
}

Judgement Judge::apply(const Command& command, const Equations& equations, bool with_footprint) {
  Judgement j;
  command_ = &command;
  // Without a check nothing can be found wrong any more, and there is nothing to take back.
  if (!equations.checks.empty() || rehearsal_ != nullptr) state_.begin();
  // An observed output that must equal an unknown cell of the state before tells its value.
  for (const auto& check : equations.checks)
    if (check.output >= 0 && check.value != no_node && command.nodes[check.value].when == When::before &&
        (values_->output_known >> check.output & 1U) != 0) {
      const Op op = command.nodes[check.value].op;
      if ((op == Op::cell || op == Op::entry) && evaluator_.eval(check.value).status == Status::unknown) {
        learn(command, check.value, values_->output[check.output]);
        j.depends_on_unknown = true;
        evaluator_.start(command);
      }
    }
  evaluator_.sample(equations.sampled);
  writes_.clear();
  std::size_t done = 0;
  // The footprint names cells by the state before; its items are evaluated (and remembered) with the first group.
  if (with_footprint)
    for (const auto& item : command.footprint) {
      if (item.kind == FootprintCode::Kind::entry) evaluator_.place(item.target);
      if (item.kind == FootprintCode::Kind::cell) evaluator_.eval(item.target);
    }
  for (const auto& group : equations.groups) {
    evaluator_.collect(group, writes_);
    for (; done < writes_.size(); ++done) write(writes_[done]);
  }
  if (with_footprint) footprint(command);
  if (rehearsal_ != nullptr) {
    (*rehearsal_)();
    state_.rollback();
    return j;
  }

  if (observer_) observer_(command);
  for (std::size_t k = 0; k < equations.checks.size(); ++k) {
    const Check& check = equations.checks[k];
    const auto v = evaluator_.eval(check.holds);
    if (v.status == Status::unknown) {
      j.depends_on_unknown = true;
      learn_bool(command, check.holds, true);
    }
    if (v.status == Status::known && v.bits == 0) {
      j.broken = Judgement::Broken::equation;
      j.rule = check.condition;
      j.check = static_cast<int>(k);
      state_.rollback();
      return j;
    }
  }
  // Only now is it certain that the call conforms, and that these conditions were exercised.
  auto& covered = &equations == &command.request ? coverage(command).request : coverage(command).success;
  for (const auto& w : writes_) ++covered[w.condition];
  for (const auto& check : equations.checks)
    if (check.guard == no_node || domain_.truth(evaluator_.eval(check.guard)) == Truth::yes) ++covered[check.condition];
  state_.commit();
  return j;
}

// --- learning -------------------------------------------------------------------------------------------------------

// `node` is a cell that must have `value`.
void Judge::learn(const Command& command, NodeId node, std::uint64_t value) {
  const Node& n = command.nodes[node];
  if (n.op == Op::cell && n.b == no_node) {
    const auto key = evaluator_.eval(n.a);
    if (key.status == Status::known && evaluator_.eval(node).status == Status::unknown)
      state_.write(n.kind, key.bits, n.field, value, values_->number);
  } else if (n.op == Op::entry) {
    const Place p = evaluator_.place(n.a);
    std::uint64_t old = 0;
    if (p.status == Status::known &&
        State::read_entry(*p.table, p.index, static_cast<EntryField>(n.field), old) == Status::unknown)
      state_.write_entry(*p.table, p.index, static_cast<EntryField>(n.field), value, values_->number);
  }
}

// Follows what a condition's truth says about cells, as far as it is a plain conjunction of equations.
void Judge::learn_bool(const Command& command, NodeId node, bool value) {
  const Node& n = command.nodes[node];
  switch (n.op) {
  case Op::not_: learn_bool(command, n.a, !value); return;
  case Op::and_:
    if (value) {
      learn_bool(command, n.a, true);
      learn_bool(command, n.b, true);
    }
    return;
  case Op::or_:
    if (!value) {
      learn_bool(command, n.a, false);
      learn_bool(command, n.b, false);
    } else if (domain_.truth(evaluator_.eval(n.a)) == Truth::no) {
      learn_bool(command, n.b, true);
    }
    return;
  case Op::eq:
  case Op::ne: {
    if ((n.op == Op::eq) != value) return;
    const auto a = evaluator_.eval(n.a), b = evaluator_.eval(n.b);
    if (a.status == Status::unknown && b.status == Status::known) learn(command, n.a, b.bits);
    if (b.status == Status::unknown && a.status == Status::known) learn(command, n.b, a.bits);
    return;
  }
  default: return;
  }
}

// --- after a violation ----------------------------------------------------------------------------------------------

namespace {

bool reads(const Command& c, NodeId id, NodeId wanted) {
  if (id == no_node) return false;
  const Node& n = c.nodes[id];
  return id == wanted || reads(c, n.a, wanted) || reads(c, n.b, wanted) || reads(c, n.c, wanted) ||
         reads(c, n.d, wanted);
}
bool reads(const Command& c, const Effect& f, NodeId wanted) {
  if (reads(c, f.guard, wanted) || reads(c, f.target, wanted) || reads(c, f.value, wanted) ||
      reads(c, f.from, wanted) || reads(c, f.to, wanted))
    return true;
  return std::any_of(f.body.begin(), f.body.end(), [&](const Effect& b) { return reads(c, b, wanted); });
}
bool reads_level(const Command& c, NodeId id) {
  if (id == no_node) return false;
  const Node& n = c.nodes[id];
  return n.op == Op::place_level || reads_level(c, n.a) || reads_level(c, n.b) || reads_level(c, n.c);
}

} // namespace

// An entry that is no longer what was thought: the Granule it pointed to may be anything.
void Judge::forget_entry(const Place& p) {
  if (p.status != Status::known) return;
  drop_reference(p);
  for (std::uint16_t f = 0; f < entry_fields; ++f)
    state_.forget_entry(*p.table, p.index, static_cast<EntryField>(f), values_->number);
}

void Judge::drop_reference(const Place& p) {
  std::uint64_t addr = 0, s = 0;
  if (State::read_entry(*p.table, p.index, EntryField::state, s) != Status::known ||
      State::read_entry(*p.table, p.index, EntryField::addr, addr) != Status::known)
    return;
  if (s == state_.table_state() || s == assigned_) forget_granule(addr);
}

void Judge::forget_granule(std::uint64_t addr) {
  if ((addr & 0xfff) == 0 && (!state_.platform().delegable_known || state_.platform().is_delegable(addr)))
    state_.forget(granule_kind, addr, granule_state_slot_, values_->number);
}

// Makes the state agree with a condition whose truth the call has shown to be `value`: a cell that had to equal a known
// value gets it (which brings a Realm or REC into being when its Granule was thought to be something else), one that
// had to differ becomes unknown.
void Judge::force(const Command& command, NodeId node, bool value) {
  const Node& n = command.nodes[node];
  switch (n.op) {
  case Op::not_: force(command, n.a, !value); return;
  case Op::and_:
  case Op::or_:
    // Where only one side need be so, either may be: what each says is no more than doubt, which forcing both ways
    // gives.
    force(command, n.a, value);
    force(command, n.b, value);
    return;
  case Op::eq:
  case Op::ne: {
    const bool equal = (n.op == Op::eq) == value;
    for (const auto& [cell, other] : {std::pair(n.a, n.b), std::pair(n.b, n.a)}) {
      const Node& c = command.nodes[cell];
      if ((c.op != Op::cell || c.b != no_node) && c.op != Op::entry) continue;
      const auto wanted = evaluator_.eval(other);
      const auto present = evaluator_.eval(cell);
      if (wanted.status != Status::known || (present.status == Status::known && (present.bits == wanted.bits) == equal))
        return;
      if (c.op == Op::entry) {
        const Place p = evaluator_.place(c.a);
        if (p.status == Status::known && !equal) forget_entry(p);
        return;
      }
      const auto key = evaluator_.eval(c.a);
      if (key.status != Status::known || (c.kind == granule_kind && (key.bits & 0xfff) != 0)) return;
      // What one call made together, one call unmade together: the Granules of a REC that is gone are no longer its
      // own.
      if (c.kind == granule_kind)
        if (const CallNumber by = state_.writer({granule_kind, c.field, 0, key.bits}); by != 0)
          state_.forget_granules(by, values_->number);
      if (equal)
        state_.write(c.kind, key.bits, c.field, wanted.bits, values_->number);
      else
        state_.forget(c.kind, key.bits, c.field, values_->number);
      return;
    }
    return;
  }
  default: return;
  }
}

// A walk that ended elsewhere than the RMM's: the entry at the level it reported is not what was thought. Where the
// levels agree, it is the RMM's decision that is wrong, not what is known of the entry.
void Judge::forget_walk(const Command& command, std::int32_t reported) {
  for (NodeId id = 0; id < command.nodes.size(); ++id) {
    if (command.nodes[id].op != Op::walk || command.nodes[id].bound) continue;
    Place p = evaluator_.place(id);
    if (p.status != Status::known || p.level == reported) return;
    while (p.level > reported && p.table->parent != nullptr) {
      p.index = p.table->parent_index;
      p.table = p.table->parent;
      --p.level;
    }
    forget_entry(p);
    return;
  }
}

// Either what the call should have made it or what it was.
void Judge::write_uncertain(model::Write<Domain> w) {
  std::uint64_t old = 0;
  const bool same =
      w.to_entry
          ? w.place.status == Status::known &&
                State::read_entry(*w.place.table, w.place.index, static_cast<EntryField>(w.field), old) == Status::known
          : w.key.status == Status::known && state_.read(w.kind, w.key.bits, w.field, old) == Status::known;
  if (same && w.value.status == Status::known && w.value.bits == old) return;
  w.guarded = true;
  if (w.to_entry && w.place.status == Status::known && w.field == static_cast<std::uint16_t>(EntryField::state))
    drop_reference(w.place);
  write(w);
}

void Judge::adopt(const Command& command, const CallValues& values, std::uint64_t x0, const Judgement& j) {
  values_ = &values;
  domain_.call(values);
  evaluator_.start(command);
  command_ = &command;
  const Holding h = evaluate_failures(command);
  if (x0 == command.success_value) {
    // No failure condition held, then.
    for (std::size_t i = 0; i < command.failures.size(); ++i)
      if ((h.holds >> i & 1U) != 0) force(command, command.failures[i].pre, false);
    evaluator_.start(command);
    adopt_success(command, h, j);
  } else {
    if (j.broken == Judgement::Broken::must_succeed) {
      // It may have been done all the same (the return value is what is wrong), or not.
      evaluator_.sample(command.success.sampled);
      writes_.clear();
      if (!command.success.groups.empty()) evaluator_.collect(command.success.groups.front(), writes_);
      for (const auto& w : writes_) write_uncertain(w);
      evaluator_.start(command);
    }
    adopt_failure(command, x0);
  }
  state_.commit();
}

void Judge::adopt_failure(const Command& command, std::uint64_t x0) {
  const std::uint64_t status = command.decl.name.starts_with("RMI_") ? x0 & 0xff : x0;
  // The level in an RTT error tells where the RMM's walk ended.
  bool level = false;
  std::size_t candidates = 0, last = 0;
  for (std::size_t i = 0; i < command.failures.size(); ++i) {
    if (command.failures[i].status != status) continue;
    level = level || command.failures[i].index != no_node;
    ++candidates;
    last = i;
  }
  if (level && command.decl.name.starts_with("RMI_"))
    forget_walk(command, static_cast<std::int8_t>(x0 >> 8 & 0xff));
  else if (candidates == 1)
    force(command, command.failures[last].pre, true);
}

// The cells that an equation reads (not those that only say where): what it says of them is not so.
void Judge::forget_read(const Command& command, NodeId holds) {
  evaluator_.start(command);
  for (NodeId id = 0; id < command.nodes.size(); ++id)
    if (command.nodes[id].op == Op::walk && !command.nodes[id].bound) evaluator_.place(id);
  std::vector<CellId> cells;
  domain_.trace(&cells);
  evaluator_.eval(holds);
  domain_.trace(nullptr);
  for (const auto& c : cells) {
    if (c.kind == rec_kind) state_.forget(c.kind, c.key, c.field, values_->number);
    if (c.kind != entry_cell) continue;
    if (Table* t = state_.table_number(static_cast<std::uint32_t>(c.key)))
      state_.forget_entry(*t, c.index, static_cast<EntryField>(c.field), values_->number);
  }
}

void Judge::adopt_success(const Command& command, const Holding& h, const Judgement& j) {
  // A walk that ended elsewhere than the RMM's: the effects would hit the wrong entry.
  bool wrong_place = false;
  for (std::size_t i = 0; i < command.failures.size(); ++i)
    if ((h.holds >> i & 1U) != 0 && reads_level(command, command.failures[i].pre)) wrong_place = true;
  const Check* check =
      j.broken == Judgement::Broken::equation ? &command.success.checks[static_cast<std::size_t>(j.check)] : nullptr;
  std::vector<bool> uncertain(command.decl.success.size(), false);
  if (check != nullptr && check->value != no_node)
    for (const auto& group : command.success.groups)
      for (const auto& f : group)
        if (reads(command, f, check->value)) uncertain[f.condition] = true;

  evaluator_.sample(command.success.sampled);
  writes_.clear();
  std::size_t done = 0;
  for (const auto& group : command.success.groups) {
    evaluator_.collect(group, writes_);
    for (; done < writes_.size(); ++done) {
      const auto& w = writes_[done];
      if (w.to_entry && wrong_place)
        forget_entry(w.place);
      else if (uncertain[w.condition])
        write_uncertain(w);
      else {
        if (h.holds != 0 && w.to_entry && w.place.status == Status::known &&
            w.field == static_cast<std::uint16_t>(EntryField::state))
          drop_reference(w.place);
        write(w);
      }
    }
  }
  footprint(command);
  if (check == nullptr) return;
  if (check->output < 0 || command.decl.outputs[static_cast<std::size_t>(check->output)].type != "Address") {
    forget_read(command, check->holds);
    return;
  }
  // The entries or Granules that the two values of the output name.
  const auto expected = evaluator_.eval(check->value);
  const auto output = static_cast<std::size_t>(check->output);
  if (command.decl.outputs[output].type != "Address" || (values_->output_known >> output & 1U) == 0) return;
  for (const std::uint64_t addr : {values_->output[output], expected.status == Status::known ? expected.bits : 0}) {
    forget_granule(addr);
    for (NodeId id = 0; id < command.nodes.size(); ++id) {
      if (command.nodes[id].op != Op::walk || command.nodes[id].bound) continue;
      Place p = evaluator_.place(id);
      const auto ipa = evaluator_.eval(command.nodes[id].b);
      if (p.status != Status::known || ipa.status != Status::known) break;
      const unsigned shift = state_.shift(p.level);
      if (addr >> (shift + state_.entries_log2()) != ipa.bits >> (shift + state_.entries_log2())) break;
      const std::uint32_t index = static_cast<std::uint32_t>(addr >> shift) & (state_.entries() - 1);
      if (index == p.index) break;
      p.index = index;
      forget_entry(p);
      break;
    }
  }
}

void Judge::adopt_equations(const Command& command, const Equations& equations, const CallValues& values) {
  values_ = &values;
  domain_.call(values);
  command_ = &command;
  evaluator_.start(command);
  evaluator_.sample(equations.sampled);
  writes_.clear();
  std::size_t done = 0;
  for (const auto& group : equations.groups) {
    evaluator_.collect(group, writes_);
    for (; done < writes_.size(); ++done) write(writes_[done]);
  }
  state_.commit();
}

} // namespace rmmcheck::checker
