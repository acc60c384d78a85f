// Lowering of what reads state: fields of entries, objects and structures in memory, array elements, and quantifiers.
#include <array>

#include "lower.hpp"

namespace rmmcheck::model {
namespace {

std::optional<EntryField> entry_field_of(const std::string& name) {
  static constexpr std::array<const char*, entry_fields> names{"state", "ripas", "addr", "MemAttr", "S2AP"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (name == names[i]) return static_cast<EntryField>(i);
  return std::nullopt;
}

} // namespace

CValue Lowering::entry_field(const Expr& e, const CValue& entry, const std::string& field_name) {
  if (field_name == "index") {
    if (entry.index == no_node) fail(e.position, "only an entry of a quantifier has an index");
    return scalar_value(entry.index, "UInt64");
  }
  const auto f = entry_field_of(field_name);
  if (!f) fail(e.position, "an entry has no field '" + field_name + "'");
  static constexpr std::array<const char*, entry_fields> types{"RmmRttEntryState", "RmmRipas", "Address", "Bits3",
                                                               "Bits2"};
  Node n;
  n.op = Op::entry;
  n.when = entry.when;
  n.a = entry.node;
  n.field = static_cast<std::uint16_t>(*f);
  CValue v = scalar_value(node(n), types[static_cast<std::size_t>(*f)]);
  v.when = entry.when;
  v.place = CValue::Place::entry;
  v.field = n.field;
  v.key = entry.node;
  if (*f == EntryField::addr) {
    Node child;
    child.op = Op::table_child;
    child.when = entry.when;
    child.a = entry.node;
    v.table = node(child);
  }
  return v;
}

CValue Lowering::object_field(const Expr& e, const CValue& object, const std::string& field_name) {
  const ObjectKind& k = spec_.objects_[object.object];
  const std::string path = object.path.empty() ? field_name : object.path + "." + field_name;
  if (const FieldInfo* f = k.find(path)) {
    CValue v;
    v.type = f->type;
    v.when = object.when;
    v.object = object.object;
    v.key = object.node;
    v.field = f->slot;
    v.count = f->count;
    if (f->count != 0) {
      v.kind = CValue::Kind::array;
      v.place = CValue::Place::cell;
      return v;
    }
    Node n;
    n.op = Op::cell;
    n.when = object.when;
    n.kind = object.object;
    n.field = f->slot;
    n.a = object.node;
    v.node = node(n);
    v.place = CValue::Place::cell;
    return v;
  }
  for (const auto& f : k.fields)
    if (f.path.starts_with(path + ".")) {
      CValue v = object;
      v.path = path;
      v.type = k.name + "." + path;
      return v;
    }
  fail(e.position, "'" + k.name + "' has no field '" + path + "'");
}

std::uint16_t Lowering::param(const std::string& path) {
  auto& p = command_.params;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (p[i] == path) return static_cast<std::uint16_t>(i);
  p.push_back(path);
  return static_cast<std::uint16_t>(p.size() - 1);
}

CValue Lowering::memory_field(const Expr&, const CValue&, const std::string& path, const FieldDecl& decl) {
  const StructDecl* s = spec_.structure(decl.type);
  CValue v;
  v.type = decl.type;
  v.path = path;
  if (decl.count != 0) {
    v.kind = CValue::Kind::array;
    v.count = static_cast<std::uint16_t>(decl.count);
    return v;
  }
  if (s != nullptr && !s->fields.empty() && !s->fields.front().bits) {
    v.kind = CValue::Kind::memory;
    return v;
  }
  Node n;
  n.op = Op::param;
  n.imm = param(path);
  return scalar_value(node(n), decl.type);
}

CValue Lowering::field(const Expr& e, When when, const Scope& scope) {
  const CValue v = value(*e.args[0], when, scope);
  switch (v.kind) {
  case CValue::Kind::entry: return entry_field(e, v, e.name);
  case CValue::Kind::object: return object_field(e, v, e.name);
  case CValue::Kind::record: {
    const auto it = v.fields->find(e.name);
    if (it == v.fields->end()) fail(e.position, "this " + v.type + " has no field '" + e.name + "'");
    return it->second;
  }
  case CValue::Kind::walk: {
    Node n;
    n.a = v.node;
    if (e.name == "level") {
      n.op = Op::place_level;
      return scalar_value(node(n), "Int64");
    }
    if (e.name == "rtt_addr") {
      Node t;
      t.op = Op::table_of;
      t.a = v.node;
      n.op = Op::table_addr;
      n.a = node(t);
      CValue r = scalar_value(node(n), "Address");
      r.table = n.a;
      return r;
    }
    if (e.name == "rtte") {
      CValue r = v;
      r.kind = CValue::Kind::entry;
      r.type = "RmmRttEntry";
      return r;
    }
    fail(e.position, "a walk result has level, rtt_addr and rtte, not '" + e.name + "'");
  }
  case CValue::Kind::memory: {
    const StructDecl* s = spec_.structure(v.type);
    for (const auto& f : s->fields)
      if (f.name == e.name) return memory_field(e, v, v.path.empty() ? f.name : v.path + "." + f.name, f);
    fail(e.position, "'" + v.type + "' has no field '" + e.name + "'");
  }
  case CValue::Kind::scalar: {
    const StructDecl* s = spec_.structure(v.type);
    if (s == nullptr) break;
    for (const auto& f : s->fields) {
      if (f.name != e.name) continue;
      if (!f.bits) break;
      Node n;
      n.op = Op::slice;
      n.a = v.node;
      n.aux = f.bits->high;
      n.field = f.bits->low;
      return scalar_value(node(n), f.type);
    }
    fail(e.position, "'" + v.type + "' has no field '" + e.name + "'");
  }
  default: break;
  }
  fail(e.position, "'" + e.args[0]->source + "' is " + describe(v) + " and has no field '" + e.name + "'");
}

CValue Lowering::index(const Expr& e, When when, const Scope& scope) {
  const CValue v = value(*e.args[0], when, scope);
  const NodeId i = scalar(*e.args[1], when, scope, "an index");
  const Node& in = command_.nodes[i];
  if (v.kind == CValue::Kind::table) {
    Node n;
    n.op = Op::place_at;
    n.a = v.node;
    n.b = i;
    CValue r;
    r.kind = CValue::Kind::entry;
    r.type = "RmmRttEntry";
    r.node = node(n);
    r.when = v.when;
    return r;
  }
  if (v.kind != CValue::Kind::array) fail(e.position, "'" + e.args[0]->source + "' is " + describe(v) + ", no array");
  if (in.op == Op::constant && in.imm >= v.count)
    fail(e.position, "index " + std::to_string(in.imm) + " is outside the array of " + std::to_string(v.count));
  Node n;
  CValue r;
  r.type = v.type;
  r.when = v.when;
  if (v.place == CValue::Place::cell) {
    n.op = Op::cell;
    n.when = v.when;
    n.kind = v.object;
    n.a = v.key;
    n.field = v.field;
    if (in.op == Op::constant) {
      n.field = static_cast<std::uint16_t>(v.field + in.imm);
    } else {
      n.b = i;
      n.imm = v.count;
    }
    r.place = CValue::Place::cell;
    r.object = v.object;
    r.key = v.key;
    r.field = n.field;
    r.index = n.b;
    r.count = n.b == no_node ? std::uint16_t{0} : v.count;
  } else {
    std::uint16_t first = 0;
    for (std::uint16_t k = 0; k < v.count; ++k) {
      const auto p = param(v.path + "[" + std::to_string(k) + "]");
      if (k == 0) first = p;
    }
    n.op = Op::param;
    n.imm = first;
    if (in.op == Op::constant) {
      n.imm = first + in.imm;
    } else {
      n.b = i;
      n.aux = v.count;
    }
  }
  r.node = node(n);
  return r;
}

CValue Lowering::range(const Expr& e, When when, const Scope& scope) {
  Node n;
  n.op = Op::all_range;
  n.field = e.universal ? 1 : 0;
  n.boolean = true;
  n.imm = new_loop();
  n.aux = static_cast<std::uint32_t>(e.number);
  n.a = scalar(*e.args[0], when, scope, "a number");
  n.b = scalar(*e.args[1], when, scope, "a number");
  Scope inner = scope;
  inner[e.name] = loop_number(static_cast<std::uint32_t>(n.imm));
  n.c = boolean(*e.args[2], when, inner);
  return scalar_value(node(n), "Bool");
}

CValue Lowering::loop_object(std::uint32_t loop, std::uint8_t kind, When when) {
  CValue o;
  o.kind = CValue::Kind::object;
  o.object = kind;
  o.type = spec_.object_decls_[kind].type;
  o.node = loop_number(loop).node;
  o.when = when;
  return o;
}

CValue Lowering::over(const Expr& e, When when, const Scope& scope) {
  const CValue set = value(*e.args[0], when, scope);
  Node n;
  n.field = e.universal ? 1 : 0;
  n.boolean = true;
  n.imm = new_loop();
  n.when = when;
  const auto loop = static_cast<std::uint32_t>(n.imm);
  Scope inner = scope;
  if (set.kind == CValue::Kind::object_kind) {
    n.op = Op::all_objects;
    n.kind = set.object;
    inner[e.name] = loop_object(loop, set.object, when);
  } else if (set.kind == CValue::Kind::table) {
    n.op = Op::all_entries;
    n.a = set.node;
    if (e.args.size() == 4) {
      n.b = scalar(*e.args[2], when, scope, "an index");
      n.d = scalar(*e.args[3], when, scope, "an index");
    }
    inner[e.name] = loop_entry(loop, when);
  } else {
    fail(e.args[0]->position, "a quantifier ranges over a table or a kind of object, not " + describe(set));
  }
  n.c = boolean(*e.args[1], when, inner);
  return scalar_value(node(n), "Bool");
}

CValue Lowering::first(const Expr& e, When when, const Scope& scope) {
  const CValue set = value(*e.args[0], when, scope);
  Node n;
  n.imm = new_loop();
  n.when = when;
  const auto loop = static_cast<std::uint32_t>(n.imm);
  Scope inner = scope;
  if (set.kind == CValue::Kind::object_kind) {
    n.op = Op::first_object;
    n.kind = set.object;
    inner[e.name] = loop_object(loop, set.object, when);
  } else if (set.kind == CValue::Kind::table) {
    n.op = Op::first_entry;
    n.a = set.node;
    n.b = scalar(*e.args[1], when, scope, "an index");
    inner[e.name] = loop_entry(loop, when);
  } else {
    fail(e.args[0]->position, "'first' searches a table or a kind of object, not " + describe(set));
  }
  n.c = boolean(*e.args[2], when, inner);
  return scalar_value(node(n), set.kind == CValue::Kind::table ? "UInt64" : "Address");
}

} // namespace rmmcheck::model
