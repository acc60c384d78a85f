// The domain of terms: the same evaluator, with Z3 expressions where something is unknown. What is known folds away
// while terms are built; unknown cells and inputs are variables.
//
// Structure stays concrete: which tables exist and where they hang is State's; a value read through an address that is
// not constant becomes a choice among the objects there are. That suits checking a trace (addresses are known) and
// exploring a small machine (there are few objects).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "rmmcheck/model/evaluator.hpp"
#include "rmmcheck/model/term.hpp"

namespace rmmcheck::model {

class TermDomain {
public:
  static constexpr bool concrete = false;

  /// A value and where it has a meaning.
  struct Value {
    Term term{};
    Term defined{1, 0, true};
  };
  /// One of several places (or tables), each under a guard; at most one guard holds, and none = undefined.
  struct Place {
    struct At {
      Term guard{};
      Table* table = nullptr;
      std::uint32_t index = 0;
      std::int32_t level = 0;
    };
    std::vector<At> at;
  };
  struct TableRef {
    struct At {
      Term guard{};
      Table* table = nullptr;
    };
    std::vector<At> at;
  };

  TermDomain(State& state, Terms& terms) : state_(&state), terms_(&terms) {}

  void call(const CallValues& values) { values_ = &values; }
  State& state() { return *state_; }
  Terms& terms() { return *terms_; }

  /// Asked for every known input and cell: the variable to use in place of the known value, or nothing. This is how a
  /// question is made of a call ("for every base ...") and how the domains are compared.
  using Opaque = std::function<std::optional<Term>(const std::string& name, std::uint64_t value, bool boolean)>;
  void set_opaque(Opaque opaque) { opaque_ = std::move(opaque); }

  // --- what is known ------------------------------------------------------------------------------------------------
  [[nodiscard]] Truth truth(const Value& v) const {
    if (v.defined.is(false)) return Truth::undefined;
    if (!v.term.constant() || !v.defined.constant()) return Truth::open;
    return v.term.bits != 0 ? Truth::yes : Truth::no;
  }
  [[nodiscard]] static Truth truth_of_number(const Value& v) {
    return v.defined.is(false) ? Truth::undefined : Truth::open;
  }
  [[nodiscard]] static std::optional<std::uint64_t> known(const Value& v) {
    return v.term.constant() && v.defined.is(true) ? std::optional(v.term.bits) : std::nullopt;
  }
  static Value as_bool(const Value& v) { return {Terms::truth(false), v.defined}; }
  static Value as_number(const Value& v) { return v; }
  static Value undefined() { return {Terms::number(0), Terms::truth(false)}; }

  // --- leaves -------------------------------------------------------------------------------------------------------
  static Value constant(std::uint64_t v, bool boolean) { return {boolean ? Terms::truth(v != 0) : Terms::number(v)}; }
  Value input(std::uint32_t i, bool boolean);
  Value output(std::uint32_t i);
  Value param(std::uint32_t i);
  Value current_rec();
  Value delegable(const Value& a);
  Value features();
  Value version(bool higher);
  Value aux_count(const Value& rd);
  Value unspecified(std::uint32_t text);
  Value opaque();

  // --- arithmetic ---------------------------------------------------------------------------------------------------
  Value not_(const Value& a) { return {terms_->not_(a.term), a.defined}; }
  Value and_(const Value& a, const Value& b);
  Value or_(const Value& a, const Value& b);
  Value ite(const Value& c, const Value& a, const Value& b);
  Value eq(const Value& a, const Value& b) { return {terms_->eq(a.term, b.term), both(a, b)}; }
  Value lt(const Value& a, const Value& b, bool sign) { return {terms_->lt(a.term, b.term, sign), both(a, b)}; }
  Value le(const Value& a, const Value& b, bool sign) { return {terms_->le(a.term, b.term, sign), both(a, b)}; }
  Value add(const Value& a, const Value& b) { return {terms_->add(a.term, b.term), both(a, b)}; }
  Value sub(const Value& a, const Value& b) { return {terms_->sub(a.term, b.term), both(a, b)}; }
  Value mul(const Value& a, const Value& b) { return {terms_->mul(a.term, b.term), both(a, b)}; }
  Value div(const Value& a, const Value& b);
  Value mod(const Value& a, const Value& b);
  Value pow2(const Value& a) { return {terms_->pow2(a.term), a.defined}; }
  Value slice(const Value& a, unsigned high, unsigned low) { return {terms_->slice(a.term, high, low), a.defined}; }

  // --- state --------------------------------------------------------------------------------------------------------
  Value cell(std::uint8_t kind, const Value& key, std::uint16_t slot);
  Place walk(const Value& rd, const Value& ipa, const Value& level);
  Place place_at(const TableRef& t, const Value& index);
  static Place place(const TableRef& t, std::uint32_t i);
  Value level(const Place& p);
  Value entry(const Place& p, EntryField field);
  static TableRef table_of(const Place& p);
  TableRef child(const Place& p);
  TableRef table_at(const Value& addr);
  Value table_addr(const TableRef& t);
  static bool exists(const TableRef& t) { return !t.at.empty(); }
  static Value missing(const TableRef&, bool boolean) {
    return {boolean ? Terms::truth(false) : Terms::number(0), Terms::truth(false)};
  }
  /// `v` has a meaning only where there is a table.
  Value where_exists(const TableRef& t, Value v) {
    Term any = Terms::truth(false);
    for (const auto& a : t.at) any = terms_->or_(any, a.guard);
    v.defined = terms_->and_(any, v.defined);
    return v;
  }
  [[nodiscard]] std::uint32_t entries() const { return state_->entries(); }
  template <class F>
  void each_object(std::uint8_t kind, F f) {
    for (const std::uint64_t key : state_->objects(kind))
      if (!f(Value{Terms::number(key)}, Value{Terms::truth(true)})) return;
  }

  /// The value of one cell, whatever the address: a constant, or a variable.
  Value cell_value(const CellId& cell);

private:
  Term both(const Value& a, const Value& b) { return terms_->and_(a.defined, b.defined); }
  Value leaf(const std::string& name, std::uint64_t value, bool known, bool boolean);
  /// One of `choices` by guard; undefined where none holds.
  struct Choice {
    Term guard{};
    Value value;
  };
  Value choose(const std::vector<Choice>& choices);
  void descend(Table* table, std::int32_t level, Term guard, const Value& ipa, const Value& target, Place& out);

  State* state_;
  Terms* terms_;
  const CallValues* values_ = nullptr;
  Opaque opaque_;
  std::uint64_t fresh_ = 0;
};

} // namespace rmmcheck::model
