#include "rmmcheck/model/term_domain.hpp"

#include <algorithm>

namespace rmmcheck::model {

using Value = TermDomain::Value;

Value TermDomain::leaf(const std::string& name, std::uint64_t value, bool known, bool boolean) {
  if (known) {
    if (opaque_)
      if (const auto variable = opaque_(name, value, boolean)) return {*variable};
    return {boolean ? Terms::truth(value != 0) : Terms::number(value)};
  }
  return {terms_->variable(name, boolean)};
}

Value TermDomain::input(std::uint32_t i, bool boolean) {
  return leaf("in" + std::to_string(i), values_->input[i], (values_->input_known >> i & 1) != 0, boolean);
}
Value TermDomain::output(std::uint32_t i) {
  return leaf("out" + std::to_string(i), values_->output[i], (values_->output_known >> i & 1) != 0, false);
}
Value TermDomain::param(std::uint32_t i) {
  return leaf("param" + std::to_string(i), values_->param[i], values_->param_known[i] != 0, false);
}
Value TermDomain::current_rec() { return leaf("rec", values_->current_rec, values_->current_rec_known, false); }

Value TermDomain::delegable(const Value& a) {
  const Platform& p = state_->platform();
  if (!p.delegable_known) return {terms_->variable("delegable" + std::to_string(fresh_++), true), a.defined};
  Term in = Terms::truth(false);
  for (const auto& r : p.delegable)
    in = terms_->or_(in, terms_->lt(terms_->sub(a.term, Terms::number(r.base)), Terms::number(r.count << 12), false));
  return {in, a.defined};
}
Value TermDomain::features() {
  return leaf("features", state_->platform().features, state_->platform().features_known, false);
}
Value TermDomain::version(bool higher) {
  const Platform& p = state_->platform();
  return leaf(higher ? "version_higher" : "version_lower", higher ? p.version_higher : p.version_lower, p.version_known,
              false);
}
Value TermDomain::aux_count(const Value& rd) {
  Value v = leaf("aux_count", state_->platform().aux_count, state_->platform().aux_count_known, false);
  v.defined = rd.defined;
  return v;
}
Value TermDomain::unspecified(std::uint32_t text) {
  return {terms_->variable("unspecified" + std::to_string(text), true)};
}
Value TermDomain::opaque() { return {terms_->variable("opaque" + std::to_string(fresh_++), false)}; }

// Left to right, as the evaluator: the right side needs a meaning only where the left side does not decide.
Value TermDomain::and_(const Value& a, const Value& b) {
  return {terms_->and_(a.term, b.term), terms_->and_(a.defined, terms_->or_(terms_->not_(a.term), b.defined))};
}
Value TermDomain::or_(const Value& a, const Value& b) {
  return {terms_->or_(a.term, b.term), terms_->and_(a.defined, terms_->or_(a.term, b.defined))};
}
Value TermDomain::ite(const Value& c, const Value& a, const Value& b) {
  return {terms_->ite(c.term, a.term, b.term), terms_->and_(c.defined, terms_->ite(c.term, a.defined, b.defined))};
}
Value TermDomain::div(const Value& a, const Value& b) {
  const Term nonzero = terms_->not_(terms_->eq(b.term, Terms::number(0)));
  return {terms_->div(a.term, b.term), terms_->and_(both(a, b), nonzero)};
}
Value TermDomain::mod(const Value& a, const Value& b) {
  const Term nonzero = terms_->not_(terms_->eq(b.term, Terms::number(0)));
  return {terms_->mod(a.term, b.term), terms_->and_(both(a, b), nonzero)};
}

Value TermDomain::choose(const std::vector<Choice>& choices) {
  if (choices.empty()) return undefined();
  // A single certain choice needs no case distinction.
  Value v{choices.back().value.term, terms_->and_(choices.back().guard, choices.back().value.defined)};
  for (std::size_t i = choices.size() - 1; i-- > 0;) {
    const Choice& c = choices[i];
    v.term = terms_->ite(c.guard, c.value.term, v.term);
    v.defined = terms_->or_(terms_->and_(c.guard, c.value.defined), v.defined);
  }
  return v;
}

Value TermDomain::cell_value(const CellId& cell) {
  std::uint64_t bits = 0;
  Status status = Status::undefined;
  if (cell.kind == entry_cell) {
    const Table* t = state_->table_number(static_cast<std::uint32_t>(cell.key));
    if (t != nullptr) status = State::read_entry(*t, cell.index, static_cast<EntryField>(cell.field), bits);
  } else {
    status = state_->read(cell.kind, cell.key, cell.field, bits);
  }
  if (status == Status::undefined) return undefined();
  const std::string name = "cell" + std::to_string(cell.kind) + "." + std::to_string(cell.key) + "." +
                           std::to_string(cell.index) + "." + std::to_string(cell.field);
  return leaf(name, bits, status == Status::known, false);
}

Value TermDomain::cell(std::uint8_t kind, const Value& key, std::uint16_t slot) {
  if (key.term.constant()) {
    Value v = cell_value({kind, slot, 0, key.term.bits});
    v.defined = terms_->and_(key.defined, v.defined);
    return v;
  }
  std::vector<Choice> choices;
  const auto add = [&](std::uint64_t address) {
    choices.push_back({terms_->eq(key.term, Terms::number(address)), cell_value({kind, slot, 0, address})});
  };
  if (kind == granule_kind) {
    for (const auto& r : state_->platform().delegable)
      for (std::uint64_t g = 0; g < r.count; ++g) add(r.base + (g << 12));
  } else {
    for (const std::uint64_t address : state_->objects(kind)) add(address);
  }
  Value v = choose(choices);
  v.defined = terms_->and_(key.defined, v.defined);
  return v;
}

// --- walks ----------------------------------------------------------------------------------------------------------

void TermDomain::descend(Table* table, std::int32_t level, Term guard, const Value& ipa, const Value& target,
                         Place& out) {
  const unsigned shift = state_->shift(level);
  const auto visit = [&](std::uint32_t index, Term here) {
    if (here.is(false)) return;
    const Term at_target = terms_->eq(target.term, Terms::number(static_cast<std::uint64_t>(std::int64_t{level})));
    const Value state = cell_value({entry_cell, static_cast<std::uint16_t>(EntryField::state), index, table->number});
    const Term is_table = terms_->eq(state.term, Terms::number(state_->table_state()));
    const Term stop = terms_->and_(here, terms_->or_(at_target, terms_->not_(is_table)));
    if (!stop.is(false)) out.at.push_back({stop, table, index, level});
    const Term deeper = terms_->and_(here, terms_->and_(terms_->not_(at_target), is_table));
    if (deeper.is(false) || level >= 3) return;
    if (Table* next = state_->child(*table, index)) descend(next, level + 1, deeper, ipa, target, out);
  };
  if (ipa.term.constant()) {
    visit(static_cast<std::uint32_t>(ipa.term.bits >> shift) & (state_->entries() - 1), guard);
    return;
  }
  const Term number = terms_->slice(ipa.term, shift + state_->entries_log2() - 1, shift);
  for (std::uint32_t i = 0; i < state_->entries(); ++i)
    visit(i, terms_->and_(guard, terms_->eq(number, Terms::number(i))));
}

TermDomain::Place TermDomain::walk(const Value& rd, const Value& ipa, const Value& level) {
  Place out;
  const auto& slots = state_->realm_slots();
  const auto from = [&](std::uint64_t realm, Term guard) {
    std::uint64_t width = 0, start = 0, base = 0;
    if (state_->read(realm_kind, realm, slots.ipa_width, width) != Status::known ||
        state_->read(realm_kind, realm, slots.level_start, start) != Status::known ||
        state_->read(realm_kind, realm, slots.rtt_base, base) != Status::known)
      return;
    const auto first = static_cast<std::int32_t>(static_cast<std::int64_t>(start));
    if (first < -1 || first > 3 || width > 63) return;
    guard = terms_->and_(guard, terms_->lt(ipa.term, Terms::number(std::uint64_t{1} << width), false));
    guard = terms_->and_(guard, terms_->le(Terms::number(start), level.term, true));
    guard = terms_->and_(guard, terms_->le(level.term, Terms::number(3), true));
    if (guard.is(false)) return;
    const unsigned top = state_->shift(first) + state_->entries_log2();
    if (ipa.term.constant()) {
      if (Table* t = state_->root(realm, ipa.term.bits >> top)) descend(t, first, guard, ipa, level, out);
      return;
    }
    const std::uint64_t tables = width <= top ? 1 : std::uint64_t{1} << (width - top);
    for (std::uint64_t t = 0; t < tables; ++t)
      if (Table* root = state_->root(realm, t)) {
        const Term which =
            top >= 64 ? Terms::truth(true) : terms_->eq(terms_->slice(ipa.term, 63, top), Terms::number(t));
        descend(root, first, terms_->and_(guard, which), ipa, level, out);
      }
  };
  const Term meaning = terms_->and_(rd.defined, terms_->and_(ipa.defined, level.defined));
  if (rd.term.constant()) {
    from(rd.term.bits, meaning);
  } else {
    for (const std::uint64_t realm : state_->objects(realm_kind))
      from(realm, terms_->and_(meaning, terms_->eq(rd.term, Terms::number(realm))));
  }
  return out;
}

TermDomain::Place TermDomain::place_at(const TableRef& t, const Value& index) {
  Place p;
  for (const auto& a : t.at) {
    if (index.term.constant()) {
      const Term guard = terms_->and_(a.guard, index.defined);
      if (index.term.bits < a.table->entries && !guard.is(false))
        p.at.push_back({guard, a.table, static_cast<std::uint32_t>(index.term.bits), 0});
      continue;
    }
    for (std::uint32_t i = 0; i < a.table->entries; ++i) {
      const Term guard = terms_->and_(terms_->and_(a.guard, index.defined), terms_->eq(index.term, Terms::number(i)));
      if (!guard.is(false)) p.at.push_back({guard, a.table, i, 0});
    }
  }
  return p;
}

TermDomain::Place TermDomain::place(const TableRef& t, std::uint32_t i) {
  Place p;
  for (const auto& a : t.at) p.at.push_back({a.guard, a.table, i, 0});
  return p;
}

Value TermDomain::level(const Place& p) {
  std::vector<Choice> choices;
  for (const auto& a : p.at)
    choices.push_back({a.guard, {Terms::number(static_cast<std::uint64_t>(std::int64_t{a.level}))}});
  return choose(choices);
}

Value TermDomain::entry(const Place& p, EntryField field) {
  std::vector<Choice> choices;
  for (const auto& a : p.at)
    choices.push_back({a.guard, cell_value({entry_cell, static_cast<std::uint16_t>(field), a.index, a.table->number})});
  return choose(choices);
}

TermDomain::TableRef TermDomain::table_of(const Place& p) {
  TableRef t;
  for (const auto& a : p.at) t.at.push_back({a.guard, a.table});
  return t;
}

TermDomain::TableRef TermDomain::child(const Place& p) {
  TableRef t;
  for (const auto& a : p.at) {
    const Value state =
        cell_value({entry_cell, static_cast<std::uint16_t>(EntryField::state), a.index, a.table->number});
    const Term guard = terms_->and_(a.guard, terms_->eq(state.term, Terms::number(state_->table_state())));
    if (guard.is(false)) continue;
    if (Table* c = state_->child(*a.table, a.index)) t.at.push_back({guard, c});
  }
  return t;
}

TermDomain::TableRef TermDomain::table_at(const Value& addr) {
  TableRef t;
  if (addr.term.constant()) {
    if (Table* found = state_->table_at(addr.term.bits)) t.at.push_back({addr.defined, found});
    return t;
  }
  state_->each_table([&](Table& table) {
    if (!table.addr_known) return;
    const Term guard = terms_->and_(addr.defined, terms_->eq(addr.term, Terms::number(table.addr)));
    if (!guard.is(false)) t.at.push_back({guard, &table});
  });
  return t;
}

Value TermDomain::table_addr(const TableRef& t) {
  std::vector<Choice> choices;
  for (const auto& a : t.at)
    choices.push_back(
        {a.guard, leaf("table" + std::to_string(a.table->number), a.table->addr, a.table->addr_known, false)});
  return choose(choices);
}

} // namespace rmmcheck::model
