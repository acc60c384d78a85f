// The domain of machine integers: what checking a trace with full information runs on. A value that depends on an
// unknown cell is not guessed; its status says so and the checker turns to terms.
#pragma once

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <vector>

#include "rmmcheck/model/evaluator.hpp"

namespace rmmcheck::model {

class ConcreteDomain {
public:
  static constexpr bool concrete = true;
  struct Value {
    std::uint64_t bits = 0;
    Status status = Status::known;
  };
  using Place = model::Place;
  struct TableRef {
    Table* table = nullptr;
    Status status = Status::undefined; ///< why there is none
  };

  explicit ConcreteDomain(State& state) : state_(&state) {}

  void call(const CallValues& values) { values_ = &values; }
  /// While set, every cell read is noted there (explanations; not on the hot path).
  void trace(std::vector<CellId>* cells) { cells_ = cells; }
  State& state() { return *state_; }

  // --- what is known ------------------------------------------------------------------------------------------------
  static Truth truth(const Value& v) {
    if (v.status == Status::known) return v.bits != 0 ? Truth::yes : Truth::no;
    return v.status == Status::undefined ? Truth::undefined : Truth::open;
  }
  static Truth truth_of_number(const Value& v) {
    return v.status == Status::undefined ? Truth::undefined : Truth::open;
  }
  static std::optional<std::uint64_t> known(const Value& v) {
    return v.status == Status::known ? std::optional(v.bits) : std::nullopt;
  }
  static Value as_bool(const Value& v) { return v; }
  static Value as_number(const Value& v) { return v; }
  static Value undefined() { return {0, Status::undefined}; }

  // --- leaves -------------------------------------------------------------------------------------------------------
  static Value constant(std::uint64_t v, bool) { return {v, Status::known}; }
  Value input(std::uint32_t i, bool) const {
    return known_or_free(values_->input[i], (values_->input_known >> i & 1) != 0);
  }
  Value output(std::uint32_t i) const {
    return known_or_free(values_->output[i], (values_->output_known >> i & 1) != 0);
  }
  Value param(std::uint32_t i) const { return known_or_free(values_->param[i], values_->param_known[i] != 0); }
  Value current_rec() const { return known_or_free(values_->current_rec, values_->current_rec_known); }
  Value delegable(const Value& a) const {
    if (a.status != Status::known) return a;
    const Platform& p = state_->platform();
    return p.delegable_known ? Value{p.is_delegable(a.bits) ? 1U : 0U, Status::known} : Value{0, Status::free};
  }
  Value features() const { return known_or_free(state_->platform().features, state_->platform().features_known); }
  Value version(bool higher) const {
    const Platform& p = state_->platform();
    return known_or_free(higher ? p.version_higher : p.version_lower, p.version_known);
  }
  Value aux_count(const Value&) const {
    return known_or_free(state_->platform().aux_count, state_->platform().aux_count_known);
  }
  static Value unspecified(std::uint32_t) { return {0, Status::free}; }
  static Value opaque() { return {0, Status::free}; }

  // --- arithmetic ---------------------------------------------------------------------------------------------------
  static Value not_(Value a) {
    if (a.status == Status::known) a.bits = a.bits != 0 ? 0 : 1;
    return a;
  }
  static Value and_(const Value& a, const Value& b) {
    if (a.status == Status::known) return a.bits != 0 ? b : a;
    if (a.status != Status::undefined && b.status == Status::known && b.bits == 0) return b;
    return {0, worse(a.status, b.status == Status::known ? Status::known : b.status)};
  }
  static Value or_(const Value& a, const Value& b) {
    if (a.status == Status::known) return a.bits != 0 ? a : b;
    if (a.status != Status::undefined && b.status == Status::known && b.bits != 0) return b;
    return {0, worse(a.status, b.status == Status::known ? Status::known : b.status)};
  }
  static Value ite(const Value& c, const Value& a, const Value& b) {
    if (c.status == Status::known) return c.bits != 0 ? a : b;
    if (c.status != Status::undefined && a.status == Status::known && b.status == Status::known && a.bits == b.bits)
      return a;
    return {0, c.status};
  }
  static Value eq(const Value& a, const Value& b) { return strict(a, b, a.bits == b.bits ? 1U : 0U); }
  static Value lt(const Value& a, const Value& b, bool sign) {
    const bool r = sign ? static_cast<std::int64_t>(a.bits) < static_cast<std::int64_t>(b.bits) : a.bits < b.bits;
    return strict(a, b, r ? 1U : 0U);
  }
  static Value le(const Value& a, const Value& b, bool sign) {
    const bool r = sign ? static_cast<std::int64_t>(a.bits) <= static_cast<std::int64_t>(b.bits) : a.bits <= b.bits;
    return strict(a, b, r ? 1U : 0U);
  }
  static Value add(const Value& a, const Value& b) { return strict(a, b, a.bits + b.bits); }
  static Value sub(const Value& a, const Value& b) { return strict(a, b, a.bits - b.bits); }
  static Value mul(const Value& a, const Value& b) { return strict(a, b, a.bits * b.bits); }
  static Value div(const Value& a, const Value& b) {
    if (b.status == Status::known && b.bits == 0) return undefined();
    // Nearly every divisor is a size, a power of two; dividing is the slowest thing a CPU does here.
    if ((b.bits & (b.bits - 1)) == 0 && b.bits != 0) return strict(a, b, a.bits >> std::countr_zero(b.bits));
    return strict(a, b, b.bits == 0 ? 0 : a.bits / b.bits);
  }
  static Value mod(const Value& a, const Value& b) {
    if (b.status == Status::known && b.bits == 0) return undefined();
    if ((b.bits & (b.bits - 1)) == 0 && b.bits != 0) return strict(a, b, a.bits & (b.bits - 1));
    return strict(a, b, b.bits == 0 ? 0 : a.bits % b.bits);
  }
  static Value pow2(const Value& a) { return {a.bits < 64 ? std::uint64_t{1} << a.bits : 0, a.status}; }
  static Value slice(const Value& a, std::uint32_t high, std::uint32_t low) {
    const std::uint64_t mask = high - low == 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (high - low + 1)) - 1;
    return {(a.bits >> low) & mask, a.status};
  }

  // --- state --------------------------------------------------------------------------------------------------------
  Value cell(std::uint8_t kind, const Value& key, std::uint16_t slot) {
    if (key.status != Status::known) return {0, key.status};
    if (cells_ != nullptr) cells_->push_back({kind, slot, 0, key.bits});
    Value v;
    v.status = state_->read(kind, key.bits, slot, v.bits);
    return v;
  }
  Place walk(const Value& rd, const Value& ipa, const Value& level) {
    Place p;
    for (const Value* v : {&rd, &ipa, &level})
      if (v->status != Status::known) {
        p.status = v->status;
        return p;
      }
    p = state_->walk(rd.bits, ipa.bits, static_cast<std::int64_t>(level.bits));
    if (cells_ != nullptr) trace_walk(rd.bits, p);
    return p;
  }
  Place place_at(const TableRef& t, const Value& index) const {
    if (t.table == nullptr) return {nullptr, 0, 0, t.status};
    if (index.status != Status::known) return {nullptr, 0, 0, index.status};
    if (index.bits >= t.table->entries) return {};
    return {t.table, static_cast<std::uint32_t>(index.bits), 0, Status::known};
  }
  static Place place(const TableRef& t, std::uint32_t i) { return {t.table, i, 0, Status::known}; }
  static Value level(const Place& p) { return {static_cast<std::uint64_t>(std::int64_t{p.level}), p.status}; }
  Value entry(const Place& p, EntryField field) {
    if (p.status != Status::known) return {0, p.status};
    if (cells_ != nullptr) cells_->push_back({entry_cell, static_cast<std::uint16_t>(field), p.index, p.table->number});
    Value v;
    v.status = State::read_entry(*p.table, p.index, field, v.bits);
    return v;
  }
  static TableRef table_of(const Place& p) { return {p.status == Status::known ? p.table : nullptr, p.status}; }
  TableRef child(const Place& p) {
    if (p.status != Status::known) return {nullptr, p.status};
    if (cells_ != nullptr)
      cells_->push_back({entry_cell, static_cast<std::uint16_t>(EntryField::state), p.index, p.table->number});
    const std::uint8_t s = p.table->state(p.index);
    if (s == Table::unknown) return {nullptr, Status::unknown};
    if (s != state_->table_state()) return {nullptr, Status::undefined};
    Table* t = state_->child(*p.table, p.index);
    return {t, t == nullptr ? Status::unknown : Status::known};
  }
  TableRef table_at(const Value& addr) const {
    if (addr.status != Status::known) return {nullptr, addr.status};
    Table* t = state_->table_at(addr.bits);
    return {t, t == nullptr ? Status::undefined : Status::known};
  }
  static Value table_addr(const TableRef& t) {
    if (t.table == nullptr) return {0, t.status};
    return {t.table->addr, t.table->addr_known ? Status::known : Status::unknown};
  }
  static bool exists(const TableRef& t) { return t.table != nullptr; }
  static Value missing(const TableRef& t, bool) { return {0, t.status}; }
  static const Value& where_exists(const TableRef&, const Value& v) { return v; }
  [[nodiscard]] std::uint32_t entries() const { return state_->entries(); }

  /// Index of the first entry from `from` on in `state`; unknown when an unknown entry comes first.
  Value first_state(const TableRef& t, const Value& from, std::uint8_t state) {
    const auto& w = t.table->word;
    const auto n = t.table->entries;
    auto i = static_cast<std::uint32_t>(std::min<std::uint64_t>(from.bits, n));
    // Eight entries at a time: a byte of `hit` is zero where the state is the wanted one or unknown.
    constexpr std::uint64_t ones = 0x0101010101010101, low = 0x0707070707070707;
    for (; i < n; i = (i | 7) + 1) {
      if ((i & 7) == 0 && i + 8 <= n) {
        std::uint64_t eight;
        std::memcpy(&eight, w.data() + i, 8);
        eight &= low;
        const std::uint64_t a = eight ^ (ones * state), b = eight ^ low;
        if ((((a - ones) & ~a) | ((b - ones) & ~b)) & (ones << 7)) {
        } else {
          continue;
        }
      }
      for (std::uint32_t j = i; j < n && j <= (i | 7); ++j) {
        const std::uint8_t s = w[j] & 7;
        if (s != state && s != Table::unknown) continue;
        if (cells_ != nullptr) trace_scan(*t.table, static_cast<std::uint32_t>(from.bits), j);
        return {j, s == state ? Status::known : Status::unknown};
      }
    }
    if (cells_ != nullptr && n != 0) trace_scan(*t.table, static_cast<std::uint32_t>(from.bits), n - 1);
    return {n, Status::known};
  }

  template <class F>
  void each_object(std::uint8_t kind, F f) {
    for (const std::uint64_t key : state_->objects(kind))
      if (!f(Value{key, Status::known}, Value{1, Status::known})) return;
  }

private:
  static Value known_or_free(std::uint64_t v, bool known) { return {v, known ? Status::known : Status::free}; }
  // undefined beats unknown beats free: an expression without meaning stays without.
  static Status worse(Status a, Status b) {
    if (a == Status::undefined || b == Status::undefined) return Status::undefined;
    if (a == Status::unknown || b == Status::unknown) return Status::unknown;
    if (a == Status::free || b == Status::free) return Status::free;
    return Status::known;
  }
  static Value strict(const Value& a, const Value& b, std::uint64_t bits) {
    if (a.status == Status::known && b.status == Status::known) return {bits, Status::known};
    return {0, worse(a.status, b.status)};
  }
  void trace_walk(std::uint64_t rd, const Place& p) {
    const auto& s = state_->realm_slots();
    for (const auto slot : {s.ipa_width, s.level_start, s.rtt_base}) cells_->push_back({realm_kind, slot, 0, rd});
    const auto state = static_cast<std::uint16_t>(EntryField::state);
    if (p.table == nullptr) return;
    cells_->push_back({entry_cell, state, p.index, p.table->number});
    for (const Table* t = p.table; t->parent != nullptr; t = t->parent)
      cells_->push_back({entry_cell, state, t->parent_index, t->parent->number});
  }
  void trace_scan(const Table& t, std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t i = from; i <= to && i < t.entries; ++i)
      cells_->push_back({entry_cell, static_cast<std::uint16_t>(EntryField::state), i, t.number});
  }

  State* state_;
  const CallValues* values_ = nullptr;
  std::vector<CellId>* cells_ = nullptr;
};

} // namespace rmmcheck::model
