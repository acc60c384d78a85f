#include "lower.hpp"

#include <array>
#include <cstring>

namespace rmmcheck::model {

void fail(const Position& position, const std::string& message) {
  throw CompileError{{position.file ? *position.file : std::string(), position.line, position.column, message}};
}

namespace {

bool is_bool(const std::string& type) { return type == "Bool"; }
bool is_signed(const std::string& type) { return type == "Int64"; }

} // namespace

std::string describe(const CValue& v) {
  switch (v.kind) {
  case CValue::Kind::scalar: return "a value of type " + v.type;
  case CValue::Kind::array: return "an array of " + v.type;
  case CValue::Kind::table: return "a table (RmmRtt)";
  default: return "a " + v.type;
  }
}

CValue Lowering::scalar_value(NodeId n, std::string type) {
  CValue v;
  v.node = n;
  v.type = std::move(type);
  return v;
}

// Equal nodes are shared, and what is constant is folded here once, not at every call.
NodeId Lowering::node(Node n) {
  auto& nodes = command_.nodes;
  const auto known = [&](NodeId id) { return id != no_node && nodes[id].op == Op::constant; };
  const auto imm = [&](NodeId id) { return nodes[id].imm; };
  switch (n.op) {
  case Op::not_:
    if (known(n.a)) return constant(imm(n.a) == 0 ? 1 : 0, true);
    if (nodes[n.a].op == Op::not_) return nodes[n.a].a;
    if (nodes[n.a].op == Op::eq || nodes[n.a].op == Op::ne) {
      Node flipped = nodes[n.a];
      flipped.op = flipped.op == Op::eq ? Op::ne : Op::eq;
      return node(flipped);
    }
    break;
  case Op::and_:
    if (known(n.a)) return imm(n.a) != 0 ? n.b : n.a;
    if (known(n.b) && imm(n.b) != 0) return n.a;
    break;
  case Op::or_:
    if (known(n.a)) return imm(n.a) != 0 ? n.a : n.b;
    if (known(n.b) && imm(n.b) == 0) return n.a;
    break;
  case Op::ite:
    if (known(n.a)) return imm(n.a) != 0 ? n.b : n.c;
    if (n.b == n.c) return n.b;
    break;
  case Op::pow2:
    if (known(n.a)) return constant(imm(n.a) < 64 ? std::uint64_t{1} << imm(n.a) : 0);
    break;
  case Op::eq:
  case Op::ne:
  case Op::lt:
  case Op::le:
  case Op::add:
  case Op::sub:
  case Op::mul:
  case Op::div:
  case Op::mod:
    if (known(n.a) && known(n.b)) {
      const std::uint64_t a = imm(n.a), b = imm(n.b);
      const auto sa = static_cast<std::int64_t>(a), sb = static_cast<std::int64_t>(b);
      if (n.op == Op::eq) return constant(a == b, true);
      if (n.op == Op::ne) return constant(a != b, true);
      if (n.op == Op::lt) return constant(n.sign ? sa < sb : a < b, true);
      if (n.op == Op::le) return constant(n.sign ? sa <= sb : a <= b, true);
      if (n.op == Op::add) return constant(a + b);
      if (n.op == Op::sub) return constant(a - b);
      if (n.op == Op::mul) return constant(a * b);
      if (n.op == Op::div && b != 0) return constant(a / b);
      if (n.op == Op::mod && b != 0) return constant(a % b);
    }
    if (n.op == Op::eq && known(n.b) && imm(n.b) == 0 && nodes[n.a].op == Op::mod && known(nodes[n.a].b)) {
      const Node mod = nodes[n.a];
      Node m;
      m.op = Op::multiple;
      m.a = mod.a;
      m.imm = imm(mod.b);
      m.boolean = true;
      if (m.imm != 0) return node(m);
    }
    break;
  default: break;
  }
  // Which loops' variables the value depends on; loops from 63 on share a bit, which only costs remembering.
  const auto bit = [](std::uint64_t loop) { return std::uint64_t{1} << (loop < 63 ? loop : 63); };
  std::uint64_t free = n.op == Op::var || n.op == Op::place_var ? bit(n.imm) : 0;
  for (const NodeId child : {n.a, n.b, n.c, n.d})
    if (child != no_node) free |= free_[child];
  const bool binds = n.op == Op::all_range || n.op == Op::all_entries || n.op == Op::first_entry ||
                     n.op == Op::all_objects || n.op == Op::first_object;
  if (binds && n.imm < 63) free &= ~bit(n.imm);
  n.bound = free != 0;
  std::string key(sizeof(Op) + 60, '\0');
  std::size_t at = 0;
  const auto put = [&](const auto& x) {
    std::memcpy(key.data() + at, &x, sizeof x);
    at += sizeof x;
  };
  put(n.op), put(n.when), put(n.sign), put(n.kind), put(n.field), put(n.aux), put(n.a), put(n.b), put(n.c), put(n.d),
      put(n.imm);
  const auto [it, fresh] = shared_.try_emplace(std::move(key), static_cast<NodeId>(nodes.size()));
  if (fresh) {
    nodes.push_back(n);
    free_.push_back(free);
  }
  return it->second;
}

NodeId Lowering::constant(std::uint64_t v, bool boolean) {
  Node n;
  n.imm = v;
  n.boolean = boolean;
  n.field = boolean ? 1 : 0; // a Bool and a number are different nodes
  return node(n);
}

NodeId Lowering::logical_not(NodeId a) {
  Node n;
  n.op = Op::not_;
  n.a = a;
  n.boolean = true;
  return node(n);
}
NodeId Lowering::logical_and(NodeId a, NodeId b) {
  Node n;
  n.op = Op::and_;
  n.a = a;
  n.b = b;
  n.boolean = true;
  return node(n);
}
NodeId Lowering::logical_or(NodeId a, NodeId b) {
  Node n;
  n.op = Op::or_;
  n.a = a;
  n.b = b;
  n.boolean = true;
  return node(n);
}

CValue Lowering::loop_number(std::uint32_t loop, const char* type) {
  Node n;
  n.op = Op::var;
  n.imm = loop;
  return scalar_value(node(n), type);
}

CValue Lowering::loop_entry(std::uint32_t loop, When when) {
  Node n;
  n.op = Op::place_var;
  n.imm = loop;
  CValue v;
  v.kind = CValue::Kind::entry;
  v.type = "RmmRttEntry";
  v.node = node(n);
  v.when = when;
  v.index = loop_number(loop).node;
  return v;
}

const FuncDecl* Lowering::function(const std::string& name) const {
  const auto it = functions_.find(name);
  return it == functions_.end() ? nullptr : &it->second;
}

bool Lowering::reads_output(NodeId n) const {
  if (n == no_node) return false;
  const Node& x = command_.nodes[n];
  return x.op == Op::output || reads_output(x.a) || reads_output(x.b) || reads_output(x.c) || reads_output(x.d);
}

// Numbers of all kinds convert into one another; enumerations only into plain numbers; Bools not at all.
void Lowering::convert(const Expr& at, const CValue& v, const std::string& type) const {
  const auto wrong = [&] { fail(at.position, "'" + at.source + "' is " + describe(v) + ", expected " + type); };
  if (v.kind == CValue::Kind::table) {
    if (type != "RmmRtt") wrong();
    return;
  }
  if (v.kind == CValue::Kind::array) return;
  if (v.kind != CValue::Kind::scalar) {
    if (v.type != type) wrong();
    return;
  }
  if (is_bool(v.type) != is_bool(type)) wrong();
  const StructDecl* s = spec_.structure(type);
  if (s != nullptr && !s->fields.empty() && !s->fields.front().bits) wrong();
  if (type == "RmmRtt") wrong();
  if (spec_.enumeration(v.type) != nullptr && spec_.enumeration(type) != nullptr && v.type != type) wrong();
}

NodeId Lowering::boolean(const Expr& e, When when, const Scope& scope) {
  const CValue v = value(e, when, scope);
  if (v.kind != CValue::Kind::scalar || !is_bool(v.type))
    fail(e.position, "'" + e.source + "' is " + describe(v) + ", expected a condition");
  return v.node;
}

NodeId Lowering::scalar(const Expr& e, When when, const Scope& scope, const char* what) {
  const CValue v = value(e, when, scope);
  if (v.kind != CValue::Kind::scalar || is_bool(v.type))
    fail(e.position, "'" + e.source + "' is " + describe(v) + ", expected " + what);
  return v.node;
}

CValue Lowering::value(const Expr& e, When when, const Scope& scope) {
  struct Guard {
    unsigned& depth;
    explicit Guard(unsigned& d) : depth(d) { ++depth; }
    ~Guard() { --depth; }
  } guard(depth_);
  if (depth_ > 400) fail(e.position, "the expression is nested too deeply; does a function call itself?");
  if (command_.nodes.size() > 200'000) fail(e.position, "the command expands to more than 200,000 nodes");

  switch (e.kind) {
  case Expr::Kind::number: return scalar_value(constant(e.number), "UInt64");
  case Expr::Kind::text: fail(e.position, "a quoted text is no value here");
  case Expr::Kind::name: return name(e, when, scope);
  case Expr::Kind::call: return call(e, when, scope);
  case Expr::Kind::field: return field(e, when, scope);
  case Expr::Kind::index: return index(e, when, scope);
  case Expr::Kind::binary: return binary(e, when, scope);
  case Expr::Kind::range: return range(e, when, scope);
  case Expr::Kind::over: return over(e, when, scope);
  case Expr::Kind::first: return first(e, when, scope);
  case Expr::Kind::unary: {
    if (e.name == "!") return scalar_value(logical_not(boolean(*e.args[0], when, scope)), "Bool");
    Node n;
    n.op = Op::sub;
    n.a = constant(0);
    n.b = scalar(*e.args[0], when, scope, "a number");
    return scalar_value(node(n), "Int64");
  }
  case Expr::Kind::slice: {
    const CValue v = value(*e.args[0], when, scope);
    if (v.kind != CValue::Kind::scalar) fail(e.position, "bits are taken of a number, not of " + describe(v));
    const NodeId hi = scalar(*e.args[1], when, scope, "a bit number"),
                 lo = scalar(*e.args[2], when, scope, "a bit number");
    const Node &h = command_.nodes[hi], &l = command_.nodes[lo];
    if (h.op != Op::constant || l.op != Op::constant || h.imm > 63 || l.imm > h.imm)
      fail(e.position, "expected constant bits [HIGH:LOW] within [63:0]");
    Node n;
    n.op = Op::slice;
    n.a = v.node;
    n.aux = static_cast<std::uint32_t>(h.imm);
    n.field = static_cast<std::uint16_t>(l.imm);
    return scalar_value(node(n), "Bits64");
  }
  case Expr::Kind::conditional: {
    const NodeId c = boolean(*e.args[0], when, scope);
    const Node& cn = command_.nodes[c];
    if (cn.op == Op::constant) return value(*e.args[cn.imm != 0 ? 1 : 2], when, scope);
    return conditional(e, value(*e.args[1], when, scope), value(*e.args[2], when, scope), c);
  }
  case Expr::Kind::let: {
    Scope inner = scope;
    inner[e.name] = value(*e.args[0], when, scope);
    return value(*e.args[1], when, inner);
  }
  case Expr::Kind::record: {
    const StructDecl* s = spec_.structure(e.name);
    if (s == nullptr) fail(e.position, "there is no struct '" + e.name + "'");
    CValue v;
    v.kind = CValue::Kind::record;
    v.type = e.name;
    v.fields = std::make_shared<std::map<std::string, CValue>>();
    for (std::size_t i = 0; i < e.names.size(); ++i) (*v.fields)[e.names[i]] = value(*e.args[i], when, scope);
    return v;
  }
  }
  fail(e.position, "unexpected expression");
}

CValue Lowering::conditional(const Expr& e, const CValue& a, const CValue& b, NodeId c) {
  if (a.kind != CValue::Kind::scalar || b.kind != CValue::Kind::scalar)
    fail(e.position, "both branches of a conditional must be numbers or conditions");
  if (is_bool(a.type) != is_bool(b.type)) fail(e.position, "one branch is a condition, the other is not");
  Node n;
  n.op = Op::ite;
  n.a = c;
  n.b = a.node;
  n.c = b.node;
  n.boolean = is_bool(a.type);
  return scalar_value(node(n), a.type);
}

CValue Lowering::name(const Expr& e, When when, const Scope& scope) {
  if (const auto it = scope.find(e.name); it != scope.end()) return it->second;
  for (const auto& c : command_.decl.context) {
    if (c.name != e.name) continue;
    const When w = c.before ? When::before : when;
    const auto key = std::pair(c.name, w);
    if (const auto it = context_.find(key); it != context_.end()) {
      if (it->second.type == "?") fail(e.position, "the context value '" + e.name + "' refers to itself");
      return it->second;
    }
    CValue pending;
    pending.type = "?";
    context_[key] = pending;
    CValue v = value(*c.value, w, {});
    convert(*c.value, v, c.type);
    if (v.kind == CValue::Kind::scalar) v.type = c.type;
    context_[key] = v;
    return v;
  }
  const auto& d = command_.decl;
  for (std::size_t i = 0; i < d.inputs.size(); ++i)
    if (d.inputs[i].name == e.name) {
      Node n;
      n.op = Op::input;
      n.imm = i;
      n.boolean = is_bool(d.inputs[i].type);
      return scalar_value(node(n), d.inputs[i].type);
    }
  for (std::size_t i = 0; i < d.outputs.size(); ++i)
    if (d.outputs[i].name == e.name) {
      Node n;
      n.op = Op::output;
      n.imm = i;
      CValue v = scalar_value(node(n), d.outputs[i].type);
      v.place = CValue::Place::output;
      v.field = static_cast<std::uint16_t>(i);
      return v;
    }
  if (const auto it = spec_.values_.find(e.name); it != spec_.values_.end())
    return scalar_value(constant(it->second, is_bool(spec_.value_types_.at(e.name))), spec_.value_types_.at(e.name));
  for (std::size_t k = 0; k < spec_.objects_.size(); ++k)
    if (spec_.objects_[k].name == e.name) {
      CValue v;
      v.kind = CValue::Kind::object_kind;
      v.object = static_cast<std::uint8_t>(k);
      v.type = e.name;
      return v;
    }
  fail(e.position, "unknown name '" + e.name + "': expected an input, output, context value, constant or enumerator");
}

Lowering::Scope Lowering::bind(const FuncDecl& f, const Expr& call, When when, const Scope& scope) {
  if (call.args.size() != f.params.size())
    fail(call.position, "'" + f.name + "' takes " + std::to_string(f.params.size()) + " arguments, found " +
                            std::to_string(call.args.size()));
  Scope inner;
  for (std::size_t i = 0; i < f.params.size(); ++i) {
    CValue v = value(*call.args[i], when, scope);
    convert(*call.args[i], v, f.params[i].type);
    if (v.kind == CValue::Kind::scalar) v.type = f.params[i].type;
    inner[f.params[i].name] = std::move(v);
  }
  return inner;
}

CValue Lowering::call(const Expr& e, When when, const Scope& scope) {
  for (std::size_t k = 0; k < spec_.objects_.size(); ++k) {
    if (spec_.objects_[k].name != e.name) continue;
    if (e.args.size() != 1) fail(e.position, "'" + e.name + "' takes one address");
    CValue v;
    v.kind = CValue::Kind::object;
    v.object = static_cast<std::uint8_t>(k);
    v.type = spec_.object_decls_[k].type;
    v.node = scalar(*e.args[0], when, scope, "an address");
    v.when = when;
    return v;
  }
  if (e.name == "unspecified") {
    if (e.args.size() != 1 || e.args[0]->kind != Expr::Kind::text)
      fail(e.position, "expected unspecified(\"what the text leaves open\")");
    Node n;
    n.op = Op::unspecified;
    n.imm = command_.texts.size();
    n.boolean = true;
    command_.texts.push_back(e.args[0]->name);
    return scalar_value(node(n), "Bool");
  }
  const FuncDecl* f = function(e.name);
  if (f == nullptr) fail(e.position, "unknown function '" + e.name + "'");
  if (f->kind == FuncDecl::Kind::builtin) return builtin(*f, e, when, scope);
  const Scope inner = bind(*f, e, when, scope);
  if (f->kind == FuncDecl::Kind::opaque) {
    Node n;
    n.op = Op::opaque;
    return scalar_value(node(n), f->type);
  }
  CValue v = value(*f->body, when, inner);
  convert(*f->body, v, f->type);
  if (v.kind == CValue::Kind::scalar) v.type = f->type;
  return v;
}

CValue Lowering::table_of(const CValue& address, When when) {
  CValue v;
  v.kind = CValue::Kind::table;
  v.type = "RmmRtt";
  v.when = when;
  if (address.table != no_node) {
    v.node = address.table;
    return v;
  }
  Node n;
  n.op = Op::table_at;
  n.when = when;
  n.a = address.node;
  v.node = node(n);
  return v;
}

CValue Lowering::builtin(const FuncDecl& f, const Expr& e, When when, const Scope& scope) {
  if (e.args.size() != f.params.size())
    fail(e.position, "'" + f.name + "' takes " + std::to_string(f.params.size()) + " arguments");
  const auto arg = [&](std::size_t i) { return scalar(*e.args[i], when, scope, f.params[i].type.c_str()); };
  Node n;
  const auto scalar_of = [&](Op op, const std::string& type) {
    n.op = op;
    n.boolean = is_bool(type);
    return scalar_value(node(n), type);
  };
  if (f.name == "PaIsDelegable") {
    n.a = arg(0);
    return scalar_of(Op::delegable, "Bool");
  }
  if (f.name == "RecAuxCount") {
    n.a = arg(0);
    return scalar_of(Op::aux_count, f.type);
  }
  if (f.name == "ImplFeatureRegister0") return scalar_of(Op::features, f.type);
  if (f.name == "ImplVersionLower") return scalar_of(Op::version, f.type);
  if (f.name == "ImplVersionHigher") {
    n.imm = 1;
    return scalar_of(Op::version, f.type);
  }
  if (f.name == "CurrentRecAddr") return scalar_of(Op::current_rec, f.type);
  if (f.name == "RealmParams" || f.name == "RecParams" || f.name == "RecRun") {
    arg(0); // typed, but a command has one structure in memory only
    if (!command_.params_type.empty() && command_.params_type != f.type)
      fail(e.position, "a command has only one structure in memory, and this one has " + command_.params_type);
    command_.params_type = f.type;
    CValue v;
    v.kind = CValue::Kind::memory;
    v.type = f.type;
    return v;
  }
  if (f.name == "Rtt") {
    const CValue a = value(*e.args[0], when, scope);
    if (a.kind != CValue::Kind::scalar) fail(e.position, "Rtt takes an address, not " + describe(a));
    return table_of(a, when);
  }
  if (f.name == "RttEntry") {
    const CValue a = value(*e.args[0], when, scope);
    n.op = Op::place_at;
    n.a = table_of(a, when).node;
    n.b = arg(1);
    CValue v;
    v.kind = CValue::Kind::entry;
    v.type = "RmmRttEntry";
    v.node = node(n);
    v.when = when;
    return v;
  }
  if (f.name == "RttWalk") {
    // The place where a walk ends is that of before the command, in failure and in success conditions alike.
    n.op = Op::walk;
    n.a = scalar(*e.args[0], When::before, scope, "an address");
    n.b = scalar(*e.args[1], When::before, scope, "an address");
    n.c = scalar(*e.args[2], When::before, scope, "a level");
    CValue v;
    v.kind = CValue::Kind::walk;
    v.type = "RmmRttWalkResult";
    v.node = node(n);
    v.when = when;
    return v;
  }
  fail(e.position, "the model has no builtin function '" + f.name + "'");
}

CValue Lowering::binary(const Expr& e, When when, const Scope& scope) {
  const std::string& op = e.name;
  if (op == "&&" || op == "||" || op == "=>") {
    const NodeId a = boolean(*e.args[0], when, scope), b = boolean(*e.args[1], when, scope);
    return scalar_value(op == "&&" ? logical_and(a, b) : logical_or(op == "||" ? a : logical_not(a), b), "Bool");
  }
  const CValue a = value(*e.args[0], when, scope), b = value(*e.args[1], when, scope);
  if (a.kind != CValue::Kind::scalar || b.kind != CValue::Kind::scalar)
    fail(e.position, "'" + op + "' compares numbers; '" +
                         (a.kind != CValue::Kind::scalar ? e.args[0] : e.args[1])->source + "' is " +
                         describe(a.kind != CValue::Kind::scalar ? a : b));
  if (is_bool(a.type) != is_bool(b.type) || (is_bool(a.type) && op != "==" && op != "!="))
    fail(e.position, "'" + op + "' needs two numbers (or == and != two conditions)");
  const bool enums = spec_.enumeration(a.type) != nullptr && spec_.enumeration(b.type) != nullptr;
  if (enums && a.type != b.type)
    fail(e.position,
         "'" + e.args[0]->source + "' is of type " + a.type + ", but '" + e.args[1]->source + "' of type " + b.type);
  Node n;
  n.a = a.node;
  n.b = b.node;
  const bool sign = is_signed(a.type) || is_signed(b.type);
  if (op == "==" || op == "!=") {
    n.op = op == "==" ? Op::eq : Op::ne;
    n.boolean = true;
    return scalar_value(node(n), "Bool");
  }
  if (op == "<" || op == "<=" || op == ">" || op == ">=") {
    n.op = op.size() == 1 ? Op::lt : Op::le;
    if (op[0] == '>') std::swap(n.a, n.b);
    n.sign = sign;
    n.boolean = true;
    return scalar_value(node(n), "Bool");
  }
  const std::string type = sign ? "Int64" : "UInt64";
  if (op == "^") {
    const Node& base = command_.nodes[a.node];
    if (base.op != Op::constant || base.imm != 2) fail(e.position, "only powers of 2 can be written");
    n.op = Op::pow2;
    n.a = b.node;
    n.b = no_node;
    return scalar_value(node(n), "UInt64");
  }
  n.op = op == "+" ? Op::add : op == "-" ? Op::sub : op == "*" ? Op::mul : op == "/" ? Op::div : Op::mod;
  return scalar_value(node(n), type);
}

} // namespace rmmcheck::model
