#include "compiler.hpp"

#include <algorithm>
#include <set>

namespace rmmcheck::model {
namespace {

// Classes of cells, for "which equation must come before which".
using Symbols = std::set<std::uint32_t>;
constexpr std::uint32_t entry_symbol(std::uint16_t field) { return 0x1000000U + field; }
constexpr std::uint32_t cell_symbol(std::uint8_t kind, std::uint16_t slot) {
  return (std::uint32_t{kind} << 16) + slot;
}
// Existence of a Realm, a REC or a table follows from a Granule's state.
constexpr std::uint32_t exists_symbol(std::uint64_t gate) { return 0x2000000U + static_cast<std::uint32_t>(gate); }

bool mentions_output(const Command& c, const Lowering& low, NodeId n) {
  (void)c;
  return low.reads_output(n);
}

} // namespace

struct Compiler::Oriented {
  std::vector<Effect> effects;
  std::vector<Check> checks;
  std::uint16_t condition = 0;
  bool in_loop = false;
};

std::uint64_t Compiler::constant(const Expr& e) {
  Command scratch;
  Lowering low(spec_, functions_, scratch);
  const NodeId n = low.scalar(e, When::before, {}, "a constant");
  if (scratch.nodes[n].op != Op::constant) fail(e.position, "'" + e.source + "' is not constant");
  return scratch.nodes[n].imm;
}

std::unique_ptr<Command> Compiler::compile(CommandDecl decl) {
  auto c = std::make_unique<Command>();
  c->decl = std::move(decl);
  Lowering low(spec_, functions_, *c);
  for (const auto& group : {&c->decl.inputs, &c->decl.outputs})
    for (const auto& r : *group)
      if (r.reg == 0 && group == &c->decl.inputs) fail(r.position, "X0 holds the function identifier");
  c->result_is_output =
      std::any_of(c->decl.outputs.begin(), c->decl.outputs.end(), [](const auto& o) { return o.reg == 0; });
  failure(*c, low);
  ordering(*c);
  equations(*c, low, c->decl.success, c->success);
  equations(*c, low, c->decl.request, c->request);
  footprint(*c, low);
  for (const auto& ctx : c->decl.context) {
    Expr e;
    e.kind = Expr::Kind::name;
    e.name = ctx.name;
    e.position = ctx.position;
    const CValue v = low.value(e, When::before, {});
    if (v.kind == CValue::Kind::scalar && !low.reads_output(v.node)) c->context_before[ctx.name] = v.node;
    if (v.kind == CValue::Kind::walk) {
      Node level;
      level.op = Op::place_level;
      level.a = v.node;
      c->context_before[ctx.name + ".level"] = low.node(level);
    }
  }
  choose_kept(*c);
  return c;
}

// Remembering a value costs more than a cheap one-off computation: only what is used twice, or must survive the
// command's own changes, is kept.
void Compiler::choose_kept(Command& c) {
  std::vector<unsigned> uses(c.nodes.size(), 0);
  const auto use = [&](NodeId id) {
    if (id != no_node) ++uses[id];
  };
  for (const auto& n : c.nodes)
    for (const NodeId child : {n.a, n.b, n.c, n.d}) use(child);
  const auto twice = [&](NodeId id) {
    if (id != no_node) uses[id] += 2;
  };
  const auto effect = [&](const auto& self, const Effect& f) -> void {
    for (const NodeId id : {f.guard, f.target, f.index, f.value, f.from, f.to}) use(id);
    for (const auto& b : f.body) self(self, b);
  };
  for (const auto& f : c.failures) {
    use(f.pre);
    use(f.index);
    for (const auto& o : f.outputs) use(o.holds), use(o.value);
  }
  for (const auto* e : {&c.success, &c.request}) {
    for (const auto& group : e->groups)
      for (const auto& f : group) effect(effect, f);
    for (const auto& k : e->checks) use(k.holds), use(k.guard), use(k.value);
    for (const NodeId id : e->sampled) twice(id);
  }
  for (const auto& f : c.footprint) twice(f.target), twice(f.from), twice(f.to);
  for (NodeId id = 0; id < c.nodes.size(); ++id) {
    Node& n = c.nodes[id];
    const bool cheap =
        n.op == Op::input || n.op == Op::output || n.op == Op::param || n.op == Op::current_rec || n.op == Op::var;
    n.keep = !n.bound && !cheap && uses[id] > 1;
  }
}

// --- failure conditions ---------------------------------------------------------------------------------------------

void Compiler::failure(Command& c, Lowering& low) {
  if (c.decl.failure.size() > 32) fail(c.decl.position, "a command may have at most 32 failure conditions");
  std::set<std::string> ids;
  for (std::size_t i = 0; i < c.decl.failure.size(); ++i) {
    const Condition& f = c.decl.failure[i];
    if (!ids.insert(f.id).second) fail(f.position, "the failure condition '" + f.id + "' stands twice");
    if (!f.pre) fail(f.position, "a failure condition needs 'pre:' and 'post:'");
    FailureCode code = failure_post(c, low, f, static_cast<std::uint16_t>(i));
    code.pre = low.boolean(*f.pre, When::before, {});
    c.failures.push_back(std::move(code));
  }
}

FailureCode Compiler::failure_post(const Command& c, Lowering& low, const Condition& f, std::uint16_t number) {
  FailureCode code;
  std::vector<const Expr*> parts{f.post.get()};
  bool result = false;
  while (!parts.empty()) {
    const Expr& e = *parts.back();
    parts.pop_back();
    if (e.kind == Expr::Kind::binary && e.name == "&&") {
      parts.push_back(e.args[1].get());
      parts.push_back(e.args[0].get());
      continue;
    }
    const bool call = e.kind == Expr::Kind::call && e.name == "ResultEqual";
    const bool equal = e.kind == Expr::Kind::binary && e.name == "==" && e.args[0]->kind == Expr::Kind::name &&
                       e.args[0]->name == "result";
    if (call || equal) {
      if (call && (e.args.size() < 2 || e.args.size() > 3 || e.args[0]->name != "result"))
        fail(e.position, "expected ResultEqual(result, STATUS) or ResultEqual(result, STATUS, index)");
      code.status = constant(*e.args[1]);
      if (call && e.args.size() == 3) code.index = low.scalar(*e.args[2], When::before, {}, "an index");
      result = true;
      continue;
    }
    Check check;
    check.condition = number;
    check.holds = low.boolean(e, When::before, {});
    if (e.kind == Expr::Kind::binary && e.name == "==") {
      const CValue left = low.value(*e.args[0], When::before, {});
      if (left.place == CValue::Place::output) {
        check.output = left.field;
        check.value = low.scalar(*e.args[1], When::before, {}, "a value");
      }
    }
    if (!mentions_output(c, low, check.holds))
      fail(e.position, "a failure's 'post:' is about the result and the outputs");
    code.outputs.push_back(check);
  }
  if (!result) fail(f.post->position, "the 'post:' of '" + f.id + "' does not say what the result is");
  return code;
}

void Compiler::ordering(Command& c) {
  const auto number = [&](const std::string& id, const Position& p) {
    for (std::size_t i = 0; i < c.decl.failure.size(); ++i)
      if (c.decl.failure[i].id == id) return i;
    fail(p, "'" + id + "' is no failure condition of " + c.decl.name);
  };
  for (const auto& o : c.decl.ordering)
    for (const auto& b : o.before)
      for (const auto& a : o.after)
        c.failures[number(a, o.position)].predecessors |= std::uint32_t{1} << number(b, o.position);
}

// --- success conditions ---------------------------------------------------------------------------------------------

// `a == b` where a is a cell of the state after: an assignment. False when it is none.
bool Compiler::orient_equation(Lowering& low, const Expr& e, const Lowering::Scope& scope, NodeId guard,
                               Oriented& out) {
  for (const bool swapped : {false, true}) {
    const Expr &left = *e.args[swapped ? 1 : 0], &right = *e.args[swapped ? 0 : 1];
    const CValue l = low.value(left, When::after, scope);
    if (l.when != When::after || (l.place != CValue::Place::cell && l.place != CValue::Place::entry)) continue;
    if (l.kind != CValue::Kind::scalar) continue;
    Effect f;
    f.kind = l.place == CValue::Place::cell ? Effect::Kind::cell : Effect::Kind::entry;
    f.object = l.object;
    f.field = l.field;
    f.condition = out.condition;
    f.count = l.count;
    f.guard = guard;
    f.target = l.key;
    f.index = l.index;
    f.value = low.value(right, When::after, scope).node;
    if (f.value == no_node || low.reads_output(f.value) || low.reads_output(f.target)) continue;
    out.effects.push_back(std::move(f));
    return true;
  }
  return false;
}

void Compiler::orient(Lowering& low, const Expr& e, const Lowering::Scope& scope, NodeId guard, Oriented& out) {
  switch (e.kind) {
  case Expr::Kind::binary:
    if (e.name == "&&") {
      orient(low, *e.args[0], scope, guard, out);
      orient(low, *e.args[1], scope, guard, out);
      return;
    }
    if (e.name == "=>") {
      const NodeId g = low.boolean(*e.args[0], When::after, scope);
      orient(low, *e.args[1], scope, guard == no_node ? g : low.logical_and(guard, g), out);
      return;
    }
    if (e.name == "==" && orient_equation(low, e, scope, guard, out)) return;
    break;
  case Expr::Kind::call: {
    const FuncDecl* f = low.function(e.name);
    if (f != nullptr && f->kind == FuncDecl::Kind::defined && f->type == "Bool") {
      orient(low, *f->body, low.bind(*f, e, When::after, scope), guard, out);
      return;
    }
    break;
  }
  case Expr::Kind::let: {
    Lowering::Scope inner = scope;
    inner[e.name] = low.value(*e.args[0], When::after, scope);
    orient(low, *e.args[1], inner, guard, out);
    return;
  }
  case Expr::Kind::range:
  case Expr::Kind::over: {
    if (!e.universal) break;
    const bool range = e.kind == Expr::Kind::range;
    Effect loop;
    loop.kind = range ? Effect::Kind::range : Effect::Kind::entries;
    loop.condition = out.condition;
    loop.guard = guard;
    loop.loop = low.new_loop();
    Lowering::Scope inner = scope;
    const Expr& body = *e.args[range ? 2 : 1];
    if (range) {
      loop.from = low.scalar(*e.args[0], When::after, scope, "a number");
      loop.to = low.scalar(*e.args[1], When::after, scope, "a number");
      loop.upto = static_cast<std::uint32_t>(e.number);
      inner[e.name] = low.loop_number(loop.loop);
    } else {
      const CValue table = low.value(*e.args[0], When::after, scope);
      if (table.kind != CValue::Kind::table) break; // over objects: a statement about all of them, nothing to assign
      loop.target = table.node;
      if (e.args.size() == 4) {
        loop.from = low.scalar(*e.args[2], When::after, scope, "an index");
        loop.to = low.scalar(*e.args[3], When::after, scope, "an index");
      }
      inner[e.name] = low.loop_entry(loop.loop, When::after);
    }
    Oriented nested;
    nested.condition = out.condition;
    nested.in_loop = true;
    orient(low, body, inner, no_node, nested);
    if (nested.effects.empty()) break; // nothing to assign: a check as a whole
    loop.body = std::move(nested.effects);
    out.effects.push_back(std::move(loop));
    return;
  }
  default: break;
  }
  if (out.in_loop) return; // e.g. `PaIsDelegable(x) && ...`: part of the whole equation, which tests evaluate
  Check check;
  check.condition = out.condition;
  check.guard = guard;
  check.holds = low.boolean(e, When::after, scope);
  if (guard != no_node) check.holds = low.logical_or(low.logical_not(guard), check.holds);
  if (e.kind == Expr::Kind::binary && e.name == "==")
    for (const bool swapped : {false, true}) {
      const CValue v = low.value(*e.args[swapped ? 1 : 0], When::after, scope);
      if (v.place != CValue::Place::output) continue;
      check.output = v.field;
      check.value = low.value(*e.args[swapped ? 0 : 1], When::after, scope).node;
      break;
    }
  out.checks.push_back(check);
}

namespace {

// What an equation reads of the state after, and what it writes.
struct Dependencies {
  const Command& command;
  const Spec& spec;
  Symbols reads, writes;

  void read(NodeId id) {
    if (id == no_node) return;
    const Node& n = command.nodes[id];
    if (n.when == When::after) {
      if (n.op == Op::cell) {
        if (n.imm == 0) reads.insert(cell_symbol(n.kind, n.field));
        for (std::uint64_t i = 0; i < n.imm; ++i)
          reads.insert(cell_symbol(n.kind, static_cast<std::uint16_t>(n.field + i)));
        exists(n.kind);
      }
      if (n.op == Op::entry) reads.insert(entry_symbol(n.field));
      if (n.op == Op::table_child) {
        reads.insert(entry_symbol(static_cast<std::uint16_t>(EntryField::addr)));
        reads.insert(entry_symbol(static_cast<std::uint16_t>(EntryField::state)));
      }
      if (n.op == Op::table_at && spec.has_value("RTT")) reads.insert(exists_symbol(spec.value("RTT")));
    }
    read(n.a), read(n.b), read(n.c), read(n.d);
  }
  void exists(std::uint8_t kind) {
    if (kind != granule_kind) reads.insert(exists_symbol(spec.object(kind).gate));
  }
  void effect(const Effect& f) {
    read(f.guard), read(f.target), read(f.index), read(f.value), read(f.from), read(f.to);
    if (f.kind == Effect::Kind::cell) {
      if (f.object != granule_kind) exists(f.object);
      for (std::uint16_t i = 0; i < std::max<std::uint16_t>(f.count, 1); ++i)
        writes.insert(cell_symbol(f.object, static_cast<std::uint16_t>(f.field + (f.index == no_node ? 0 : i))));
      const Node& v = command.nodes[f.value];
      const FieldInfo* state = spec.object(granule_kind).find("state");
      if (f.object == granule_kind && state != nullptr && f.field == state->slot && v.op == Op::constant)
        writes.insert(exists_symbol(v.imm));
    }
    if (f.kind == Effect::Kind::entry) writes.insert(entry_symbol(f.field));
    for (const auto& b : f.body) effect(b);
  }
};

bool intersect(const Symbols& a, const Symbols& b) {
  return std::any_of(a.begin(), a.end(), [&](std::uint32_t s) { return b.contains(s); });
}

} // namespace

void Compiler::equations(Command& c, Lowering& low, const std::vector<Condition>& conditions, Equations& out) {
  Oriented all;
  std::set<std::string> ids;
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const Condition& s = conditions[i];
    if (!ids.insert(s.id).second) fail(s.position, "the condition '" + s.id + "' stands twice");
    out.holds.push_back(no_node);
    if (!s.post) continue;
    all.condition = static_cast<std::uint16_t>(i);
    const NodeId guard = s.pre ? low.boolean(*s.pre, When::after, {}) : no_node;
    const NodeId post = low.boolean(*s.post, When::after, {});
    out.holds.back() = guard == no_node ? post : low.logical_or(low.logical_not(guard), post);
    orient(low, *s.post, {}, guard, all);
  }
  // An equation waits for those that write what it reads. One that waits for itself, or for one that waits for it, has
  // no direction: it stays a condition on cells that the footprint has made unknown.
  std::vector<Dependencies> deps;
  for (const auto& f : all.effects) {
    deps.push_back({c, spec_, {}, {}});
    deps.back().effect(f);
  }
  std::vector<bool> done(all.effects.size(), false);
  std::size_t left = all.effects.size();
  while (left != 0) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < all.effects.size(); ++i) {
      if (done[i]) continue;
      bool waits = false;
      for (std::size_t j = 0; j < all.effects.size() && !waits; ++j)
        waits = !done[j] && intersect(deps[i].reads, deps[j].writes);
      if (!waits) ready.push_back(i);
    }
    if (ready.empty()) break;
    out.groups.emplace_back();
    for (const auto i : ready) {
      out.groups.back().push_back(all.effects[i]);
      done[i] = true;
      --left;
    }
  }
  std::set<std::uint16_t> undirected;
  for (std::size_t i = 0; i < all.effects.size(); ++i)
    if (!done[i] && undirected.insert(all.effects[i].condition).second) {
      Check check;
      check.condition = all.effects[i].condition;
      check.holds = out.holds[check.condition];
      all.checks.push_back(check);
    }
  out.checks = std::move(all.checks);
  sample(c, out);
}

// Nodes over the state before that are needed once effects are being applied: the topmost ones, evaluated first.
void Compiler::sample(const Command& c, Equations& out) {
  std::set<NodeId> found, seen;
  const auto visit = [&](const auto& self, NodeId id) -> void {
    if (id == no_node || !seen.insert(id).second) return;
    const Node& n = c.nodes[id];
    bool after = n.when == When::after || n.bound;
    const auto reads_after = [&](const auto& again, NodeId x) -> bool {
      if (x == no_node) return false;
      const Node& m = c.nodes[x];
      return m.when == When::after || m.op == Op::output || again(again, m.a) || again(again, m.b) ||
             again(again, m.c) || again(again, m.d);
    };
    if (!after) after = reads_after(reads_after, id);
    if (!after) {
      if (n.op != Op::constant && n.op != Op::input && n.op != Op::param) found.insert(id);
      return;
    }
    self(self, n.a), self(self, n.b), self(self, n.c), self(self, n.d);
  };
  const auto effect = [&](const auto& self, const Effect& f) -> void {
    for (const NodeId id : {f.guard, f.target, f.index, f.value, f.from, f.to}) visit(visit, id);
    for (const auto& b : f.body) self(self, b);
  };
  for (std::size_t g = 0; g < out.groups.size(); ++g)
    for (const auto& f : out.groups[g])
      if (g != 0) effect(effect, f); // the first group is evaluated as a whole before anything is written
  for (const auto& k : out.checks) visit(visit, k.holds), visit(visit, k.value);
  out.sampled.assign(found.begin(), found.end());
}

// --- footprint ------------------------------------------------------------------------------------------------------

void Compiler::footprint(Command& c, Lowering& low) {
  for (const auto& item : c.decl.footprint)
    if (item.post && !footprint_item(c, low, *item.post, {}, {}))
      fail(item.position,
           "the footprint item '" + item.id + "' names no state: expected a field of an object, an entry or a table");
}

bool Compiler::footprint_item(Command& c, Lowering& low, const Expr& e, const Lowering::Scope& scope,
                              FootprintCode item) {
  if (e.kind == Expr::Kind::call) {
    const FuncDecl* f = low.function(e.name);
    if (f != nullptr && f->kind == FuncDecl::Kind::defined && f->body->kind == Expr::Kind::range) {
      // An inductive footprint such as RttsGranuleState: a loop over the cell on the left of its equation.
      const Lowering::Scope bound = low.bind(*f, e, When::before, scope);
      const Expr& r = *f->body;
      item.kind = FootprintCode::Kind::range;
      item.loop = low.new_loop();
      item.from = low.scalar(*r.args[0], When::before, bound, "a number");
      item.to = low.scalar(*r.args[1], When::before, bound, "a number");
      item.upto = static_cast<std::uint32_t>(r.number);
      Lowering::Scope inner = bound;
      inner[r.name] = low.loop_number(item.loop);
      return footprint_item(c, low, *r.args[2]->args[0], inner, item);
    }
  }
  const CValue v = low.value(e, When::before, scope);
  if (v.place == CValue::Place::cell) {
    if (item.kind != FootprintCode::Kind::range) item.kind = FootprintCode::Kind::cell;
    item.object = v.object;
    item.field = v.field;
    item.slots = v.kind == CValue::Kind::array ? v.count : std::uint16_t{1};
    item.target = v.key;
  } else if (v.kind == CValue::Kind::entry) {
    item.kind = FootprintCode::Kind::entry;
    item.target = v.node;
    item.fields = (1U << entry_fields) - 1;
  } else if (v.place == CValue::Place::entry) {
    item.kind = FootprintCode::Kind::entry;
    item.target = v.key;
    item.fields = static_cast<std::uint8_t>(1U << v.field);
  } else if (v.kind == CValue::Kind::table) {
    item.kind = FootprintCode::Kind::table;
    item.target = v.node;
    item.fields = (1U << entry_fields) - 1;
  } else if (v.kind == CValue::Kind::object && !v.path.empty()) {
    for (const auto& f : spec_.object(v.object).fields)
      if (f.path.starts_with(v.path + ".")) {
        item.kind = FootprintCode::Kind::cell;
        item.object = v.object;
        item.field = f.slot;
        item.slots = std::max<std::uint16_t>(f.count, 1);
        item.target = v.node;
        c.footprint.push_back(item);
      }
    return true;
  } else {
    return false;
  }
  c.footprint.push_back(item);
  return true;
}

} // namespace rmmcheck::model
