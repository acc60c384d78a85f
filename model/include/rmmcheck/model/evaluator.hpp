// Walks a command's graph over a domain of values: machine integers (concrete.hpp) or Z3 terms (term.hpp). Everything
// that a condition *means* is here, once; a domain says only how values are represented and how state is read.
//
// A domain D has
//   Value, Place, TableRef   plain copyable types
//   truth(Value)             what a Bool is known to be
//   constant, input, output, param, current_rec, delegable, features, version, aux_count, unspecified, opaque   the
//   leaves not_, and_, or_, ite, eq, ne, lt, le, add, sub, mul, div, mod, pow2, slice arithmetic cell, walk, place_at,
//   place, level, entry, table_of, child, table_at, table_addr, each_object,            state exists, missing,
//   where_exists
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "rmmcheck/model/program.hpp"
#include "rmmcheck/model/state.hpp"

namespace rmmcheck::model {

enum class Truth : std::uint8_t { no, yes, open, undefined };

/// The values of one call: registers as recorded, the structure in memory, the calling REC. `*_known` are bit masks.
struct CallValues {
  static constexpr std::size_t max_registers = 17;
  std::uint64_t input[max_registers] = {};
  std::uint64_t output[max_registers] = {};
  std::uint32_t input_known = 0, output_known = 0; ///< by index into the command's inputs and outputs
  std::vector<std::uint64_t> param;                ///< by index into Command::params
  std::vector<std::uint8_t> param_known;
  std::uint64_t current_rec = 0;
  bool current_rec_known = false;
  CallNumber number = 0;
};

/// An assignment that a success condition asks for.
template <class D>
struct Write {
  bool to_entry = false;
  std::uint8_t kind = 0;
  std::uint16_t field = 0;
  std::uint16_t condition = 0;
  bool guarded = false; ///< `guard` is not known to hold
  typename D::Value key{};
  typename D::Place place{};
  typename D::Value value{};
  typename D::Value guard{};
};

template <class D>
class Evaluator {
public:
  using V = typename D::Value;
  using P = typename D::Place;
  using T = typename D::TableRef;

  explicit Evaluator(D& domain) : d_(domain) {}

  /// Forgets what was computed for the call before.
  void start(const Command& command) {
    command_ = &command;
    nodes_ = command.nodes.data();
    if (stamp_.size() < command.nodes.size()) {
      stamp_.resize(command.nodes.size(), 0);
      value_.resize(command.nodes.size());
      place_.resize(command.nodes.size());
    }
    if (loop_value_.size() < command.loops) {
      loop_value_.resize(command.loops);
      loop_place_.resize(command.loops);
    }
    ++now_;
  }

  V eval(NodeId id) {
    const Node& n = nodes_[id];
    if (n.op == Op::constant) return d_.constant(n.imm, n.boolean);
    if (!n.keep) return compute(n);
    if (stamp_[id] == now_) return value_[id];
    V v = compute(n);
    stamp_[id] = now_;
    value_[id] = v;
    return v;
  }

  P place(NodeId id) {
    const Node& n = nodes_[id];
    if (n.op == Op::place_var) return loop_place_[n.imm];
    if (!n.bound && stamp_[id] == now_) return place_[id];
    P p = n.op == Op::walk ? d_.walk(eval(n.a), eval(n.b), eval(n.c)) : d_.place_at(table(n.a), eval(n.b));
    if (!n.bound) {
      stamp_[id] = now_;
      place_[id] = p;
    }
    return p;
  }

  T table(NodeId id) {
    const Node& n = nodes_[id];
    if (n.op == Op::table_of) return d_.table_of(place(n.a));
    if (n.op == Op::table_child) return d_.child(place(n.a));
    return d_.table_at(eval(n.a));
  }

  /// What the effects of a group ask for. Evaluates everything and writes nothing.
  void collect(const std::vector<Effect>& group, std::vector<Write<D>>& out) {
    for (const auto& f : group) collect(f, d_.constant(1, true), out);
  }

  void sample(const std::vector<NodeId>& sampled) {
    for (const NodeId id : sampled) {
      const Op op = nodes_[id].op;
      if (op == Op::walk || op == Op::place_at)
        place(id);
      else if (op != Op::table_of && op != Op::table_child && op != Op::table_at && op != Op::place_var)
        eval(id);
    }
  }

  /// Runs `f(target)` for each round of a footprint loop.
  template <class F>
  void each_round(const FootprintCode& item, F f) {
    rounds(item.loop, item.from, item.to, item.upto, [&](const V&) {
      f(eval(item.target));
      return true;
    });
  }

private:
  // Rounds i = from .. to (signed), at most `upto`; f(guard) says whether to go on.
  template <class F>
  void rounds(std::uint64_t loop, NodeId from, NodeId to, std::uint32_t upto, F f) {
    const V lo = eval(from), hi = eval(to);
    for (std::uint32_t k = 0; k < upto; ++k) {
      const V i = d_.add(lo, d_.constant(k, false));
      const V inside = d_.le(i, hi, true);
      const Truth t = d_.truth(inside);
      if (t == Truth::no) return;
      loop_value_[loop] = i;
      if (!f(inside)) return;
    }
  }

  // Rounds over entries of a table, from .. to (signed) where given.
  template <class F>
  void entries(const Node& n, T table, NodeId from, NodeId to, F f) {
    const std::uint32_t count = d_.entries();
    std::uint32_t first = 0, last = count;
    V lo{}, hi{};
    const bool limited = from != no_node;
    if (limited) {
      lo = eval(from);
      if (const auto k = d_.known(lo)) first = static_cast<std::uint32_t>(std::min<std::uint64_t>(*k, count));
    }
    if (to != no_node) {
      hi = eval(to);
      if (const auto k = d_.known(hi))
        last = static_cast<std::uint32_t>(std::clamp<std::int64_t>(static_cast<std::int64_t>(*k) + 1, 0, count));
    }
    for (std::uint32_t i = first; i < last; ++i) {
      V inside = d_.constant(1, true);
      if (limited && !d_.known(lo)) inside = d_.and_(inside, d_.le(lo, d_.constant(i, false), false));
      if (to != no_node && !d_.known(hi)) inside = d_.and_(inside, d_.le(d_.constant(i, false), hi, true));
      if (d_.truth(inside) == Truth::no) continue;
      loop_value_[n.imm] = d_.constant(i, false);
      loop_place_[n.imm] = d_.place(table, i);
      if (!f(inside, i)) return;
    }
  }

  // One round of a quantifier: `acc` so far, and whether its value can still change.
  bool round(bool universal, V& acc, const V& inside, const V& body) {
    if (universal)
      acc = d_.and_(acc, d_.truth(inside) == Truth::yes ? body : d_.or_(d_.not_(inside), body));
    else
      acc = d_.or_(acc, d_.truth(inside) == Truth::yes ? body : d_.and_(inside, body));
    const Truth t = d_.truth(acc);
    return t != Truth::undefined && t != (universal ? Truth::no : Truth::yes);
  }

  // Small, so that calling it costs little; what loops or searches is in compute_loop.
  V compute(const Node& n) {
    switch (n.op) {
    case Op::constant: return d_.constant(n.imm, n.boolean);
    case Op::input: return d_.input(static_cast<std::uint32_t>(n.imm), n.boolean);
    case Op::output: return d_.output(static_cast<std::uint32_t>(n.imm));
    case Op::param: {
      if (n.b == no_node) return d_.param(static_cast<std::uint32_t>(n.imm));
      return element(n);
    }
    case Op::current_rec: return d_.current_rec();
    case Op::delegable: return d_.delegable(eval(n.a));
    case Op::features: return d_.features();
    case Op::version: return d_.version(n.imm != 0);
    case Op::aux_count: return d_.aux_count(eval(n.a));
    case Op::unspecified: return d_.unspecified(static_cast<std::uint32_t>(n.imm));
    case Op::opaque: return d_.opaque();
    case Op::not_: return d_.not_(eval(n.a));
    case Op::and_: {
      const V a = eval(n.a);
      const Truth t = d_.truth(a);
      if (t == Truth::no || t == Truth::undefined) return a;
      if (t == Truth::yes) return eval(n.b);
      return d_.and_(a, eval(n.b));
    }
    case Op::or_: {
      const V a = eval(n.a);
      const Truth t = d_.truth(a);
      if (t == Truth::yes || t == Truth::undefined) return a;
      if (t == Truth::no) return eval(n.b);
      return d_.or_(a, eval(n.b));
    }
    case Op::ite: {
      const V c = eval(n.a);
      const Truth t = d_.truth(c);
      if (t == Truth::yes) return eval(n.b);
      if (t == Truth::no) return eval(n.c);
      return d_.ite(c, eval(n.b), eval(n.c));
    }
    case Op::eq: return d_.eq(eval(n.a), eval(n.b));
    case Op::ne: return d_.not_(d_.eq(eval(n.a), eval(n.b)));
    case Op::lt: return d_.lt(eval(n.a), eval(n.b), n.sign);
    case Op::le: return d_.le(eval(n.a), eval(n.b), n.sign);
    case Op::add: return d_.add(eval(n.a), eval(n.b));
    case Op::sub: return d_.sub(eval(n.a), eval(n.b));
    case Op::mul: return d_.mul(eval(n.a), eval(n.b));
    case Op::div: return d_.div(eval(n.a), eval(n.b));
    case Op::mod: return d_.mod(eval(n.a), eval(n.b));
    case Op::multiple: return d_.eq(d_.mod(eval(n.a), d_.constant(n.imm, false)), d_.constant(0, false));
    case Op::pow2: return d_.pow2(eval(n.a));
    case Op::slice: return d_.slice(eval(n.a), n.aux, n.field);
    case Op::cell: {
      if (n.b == no_node) return d_.cell(n.kind, eval(n.a), n.field);
      return element(n);
    }
    case Op::place_level: return d_.level(place(n.a));
    case Op::entry: return d_.entry(place(n.a), static_cast<EntryField>(n.field));
    case Op::table_addr: return d_.table_addr(table(n.a));
    case Op::var: return loop_value_[n.imm];
    default: return compute_loop(n);
    }
  }

  [[gnu::noinline]] V element(const Node& n) {
    if (n.op == Op::param)
      return select(n.b, n.aux, [&](std::uint64_t i) { return d_.param(static_cast<std::uint32_t>(n.imm + i)); });
    const V key = eval(n.a);
    return select(n.b, static_cast<std::uint32_t>(n.imm),
                  [&](std::uint64_t i) { return d_.cell(n.kind, key, static_cast<std::uint16_t>(n.field + i)); });
  }

  [[gnu::noinline]] V compute_loop(const Node& n) {
    switch (n.op) {
    case Op::all_range: {
      V acc = d_.constant(n.field, true);
      const V lo = eval(n.a), hi = eval(n.b);
      if (d_.truth_of_number(lo) == Truth::undefined) return d_.as_bool(lo);
      if (d_.truth_of_number(hi) == Truth::undefined) return d_.as_bool(hi);
      rounds(n.imm, n.a, n.b, n.aux, [&](const V& inside) { return round(n.field != 0, acc, inside, eval(n.c)); });
      return acc;
    }
    case Op::all_entries: {
      V acc = d_.constant(n.field, true);
      const T t = table(n.a);
      if (!d_.exists(t)) return d_.missing(t, true);
      entries(n, t, n.b, n.d,
              [&](const V& inside, std::uint32_t) { return round(n.field != 0, acc, inside, eval(n.c)); });
      return d_.where_exists(t, acc);
    }
    case Op::first_entry: return first_entry(n);
    case Op::all_objects: {
      V acc = d_.constant(n.field, true);
      d_.each_object(n.kind, [&](const V& key, const V& exists) {
        loop_value_[n.imm] = key;
        return round(n.field != 0, acc, exists, eval(n.c));
      });
      return acc;
    }
    case Op::first_object: {
      V result = d_.constant(0, false), none_before = d_.constant(1, true);
      d_.each_object(n.kind, [&](const V& key, const V& exists) {
        loop_value_[n.imm] = key;
        const V here = d_.and_(exists, eval(n.c));
        const V chosen = d_.and_(none_before, here);
        if (d_.truth(chosen) == Truth::yes) {
          result = key;
          return false;
        }
        if (d_.truth(chosen) != Truth::no) {
          result = d_.ite(chosen, key, result);
          none_before = d_.and_(none_before, d_.not_(here));
        }
        return true;
      });
      return result;
    }
    default: return d_.constant(0, n.boolean);
    }
  }

  // Element `index` of an array of `count`.
  template <class F>
  V select(NodeId index, std::uint32_t count, F at) {
    const V i = eval(index);
    if (const auto k = d_.known(i)) return *k < count ? at(*k) : d_.undefined();
    V v = at(0);
    for (std::uint32_t k = 1; k < count; ++k) v = d_.ite(d_.eq(i, d_.constant(k, false)), at(k), v);
    return v;
  }

  V first_entry(const Node& n) {
    const T t = table(n.a);
    if (!d_.exists(t)) return d_.missing(t, false);
    if constexpr (D::concrete) {
      const V from = eval(n.b);
      if (from.status != Status::known) return from;
      // `e.state == CONSTANT`: the scan that most calls make.
      const Node& body = nodes_[n.c];
      if (body.op == Op::eq && nodes_[body.b].op == Op::constant) {
        const Node& e = nodes_[body.a];
        if (e.op == Op::entry && e.field == 0 && nodes_[e.a].op == Op::place_var && nodes_[e.a].imm == n.imm)
          return d_.first_state(t, from, static_cast<std::uint8_t>(nodes_[body.b].imm));
      }
    }
    // Built from the back, so that the first match wins: result = found_i ? i : result_of_the_rest.
    struct Found {
      V holds;
      std::uint32_t index;
    };
    std::vector<Found> found;
    bool certain = false;
    entries(n, t, n.b, no_node, [&](const V& inside, std::uint32_t i) {
      const V here = d_.and_(inside, eval(n.c));
      const Truth k = d_.truth(here);
      if (k == Truth::no) return true;
      found.push_back({here, i});
      certain = k == Truth::yes;
      return !certain && k != Truth::undefined;
    });
    if constexpr (D::concrete) {
      if (found.empty()) return d_.constant(d_.entries(), false);
      if (d_.truth(found.front().holds) == Truth::yes) return d_.constant(found.front().index, false);
      return d_.as_number(found.front().holds); // unknown or undefined
    }
    V result = d_.constant(certain ? found.back().index : d_.entries(), false);
    for (std::size_t k = found.size(); k-- > 0;)
      result = d_.ite(found[k].holds, d_.constant(found[k].index, false), result);
    return d_.where_exists(t, result);
  }

  void collect(const Effect& f, const V& outer, std::vector<Write<D>>& out) {
    V guard = outer;
    if (f.guard != no_node) {
      const V g = eval(f.guard);
      const Truth t = d_.truth(g);
      if (t == Truth::no || t == Truth::undefined) return;
      if (t != Truth::yes) guard = d_.truth(outer) == Truth::yes ? g : d_.and_(outer, g);
    }
    switch (f.kind) {
    case Effect::Kind::range:
      rounds(f.loop, f.from, f.to, f.upto, [&](const V& inside) {
        const V g = d_.truth(inside) == Truth::yes ? guard : d_.and_(guard, inside);
        for (const auto& b : f.body) collect(b, g, out);
        return true;
      });
      return;
    case Effect::Kind::entries: {
      const T t = table(f.target);
      if (!d_.exists(t)) return;
      Node loop;
      loop.imm = f.loop;
      entries(loop, t, f.from, f.to, [&](const V& inside, std::uint32_t) {
        const V g = d_.truth(inside) == Truth::yes ? guard : d_.and_(guard, inside);
        for (const auto& b : f.body) collect(b, g, out);
        return true;
      });
      return;
    }
    case Effect::Kind::entry:
    case Effect::Kind::cell: break;
    }
    Write<D> w;
    w.to_entry = f.kind == Effect::Kind::entry;
    w.kind = f.object;
    w.field = f.field;
    w.condition = f.condition;
    w.guard = guard;
    w.guarded = d_.truth(guard) != Truth::yes;
    w.value = eval(f.value);
    if (w.to_entry) {
      w.place = place(f.target);
    } else {
      w.key = eval(f.target);
      if (f.index != no_node) {
        const auto k = d_.known(eval(f.index));
        if (!k || *k >= f.count) return;
        w.field = static_cast<std::uint16_t>(f.field + *k);
      }
    }
    out.push_back(std::move(w));
  }

  D& d_;
  const Command* command_ = nullptr;
  const Node* nodes_ = nullptr;
  std::uint32_t now_ = 0;
  std::vector<std::uint32_t> stamp_;
  std::vector<V> value_;
  std::vector<P> place_;
  std::vector<V> loop_value_;
  std::vector<P> loop_place_;
};

} // namespace rmmcheck::model
