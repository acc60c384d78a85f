#include "describe.hpp"

#include <fmt/format.h>

#include "rmmcheck/model/explain.hpp"

namespace rmmcheck::checker {

using namespace model;

const char* status_type(const Command& command) {
  if (command.decl.name.starts_with("RSI_")) return "RsiCommandReturnCode";
  if (command.decl.name.starts_with("PSCI_")) return "PsciReturnCode";
  return "RmiStatusCode";
}

void describe_result(const Spec& spec, const Command& command, std::uint64_t x0, std::string& status,
                     std::int64_t& index) {
  const std::string type = status_type(command);
  index = -1;
  if (type != "RmiStatusCode") {
    // RSI status codes are enumerators of their return code type, PSCI's fill the register.
    status = spec.enumerator(type, x0);
    return;
  }
  if (x0 >> 16 != 0) {
    status = fmt::format("{:#x}", x0);
    return;
  }
  status = spec.enumerator(type, x0 & 0xff);
  index = static_cast<std::int64_t>(x0 >> 8 & 0xff);
}

std::string value_text(const Spec& spec, const std::string& type, const ConcreteDomain::Value& v) {
  switch (v.status) {
  case Status::known: return spec.enumerator(type, v.bits);
  case Status::undefined: return "has no meaning here";
  case Status::unknown: return "unknown";
  case Status::free: return "left open";
  }
  return "?";
}

std::vector<Allowed> allowed_results(const Spec& spec, const Command& command, const CallValues& values, Judge& judge) {
  std::vector<Allowed> out;
  const auto h = judge.holding(command, values);
  auto& ev = judge.evaluator();
  const bool rmi = std::string_view(status_type(command)) == "RmiStatusCode";
  for (std::size_t i = 0; i < command.failures.size(); ++i) {
    const FailureCode& f = command.failures[i];
    if (((h.holds | h.open) >> i & 1U) == 0 || (f.predecessors & h.holds) != 0) continue;
    Allowed a;
    a.status = spec.enumerator(status_type(command), f.status);
    if (rmi) {
      a.index = 0;
      if (f.index != no_node) {
        const auto v = ev.eval(f.index);
        a.index = v.status == Status::known ? static_cast<std::int64_t>(v.bits & 0xff) : -1;
      }
    }
    a.condition = command.decl.failure[i].id;
    a.section = command.decl.section;
    for (const auto& o : f.outputs)
      if (o.output >= 0 && o.value != no_node) {
        const auto& d = command.decl.outputs[static_cast<std::size_t>(o.output)];
        a.outputs.emplace_back(d.name, value_text(spec, d.type, ev.eval(o.value)));
      }
    out.push_back(std::move(a));
  }
  if (h.holds == 0) {
    Allowed a;
    a.status = spec.enumerator(status_type(command), command.success_value);
    if (rmi) a.index = 0;
    a.section = command.decl.section;
    // Outputs are equations over the state after: they are read there.
    judge.rehearse(command, values, [&] {
      for (const auto& c : command.success.checks) {
        if (c.output < 0 || c.value == no_node) continue;
        if (c.guard != no_node && ConcreteDomain::truth(ev.eval(c.guard)) != Truth::yes) continue;
        const auto v = ev.eval(c.value);
        const auto& d = command.decl.outputs[static_cast<std::size_t>(c.output)];
        if (v.status == Status::known) a.outputs.emplace_back(d.name, value_text(spec, d.type, v));
      }
    });
    out.push_back(std::move(a));
  }
  return out;
}

std::vector<NodeId> nodes_before(const Command& command, NodeId first) {
  std::vector<NodeId> out;
  std::vector<bool> later(command.nodes.size(), false);
  for (NodeId id = 0; id < command.nodes.size(); ++id) {
    const Node& n = command.nodes[id];
    later[id] = n.when == When::after || n.bound;
    for (const NodeId child : {n.a, n.b, n.c, n.d})
      if (child != no_node && later[child]) later[id] = true;
    if (!later[id] && id >= first) out.push_back(id);
  }
  return out;
}

std::vector<Explained> explain_values(const Spec& spec, const Command& command, const CallValues& values,
                                      const Expr& expression, When when, Judge& judge) {
  Command scratch = command;
  const auto parts = parts_of(spec, scratch, expression, when);
  std::vector<Explained> out;
  auto& ev = judge.evaluator();
  const auto look = [&] {
    for (const auto& p : parts) out.push_back({p.text, value_text(spec, p.type, ev.eval(p.node))});
  };
  if (when == When::after) {
    const auto before = nodes_before(scratch, static_cast<NodeId>(command.nodes.size()));
    scratch.success.sampled.insert(scratch.success.sampled.end(), before.begin(), before.end());
    judge.rehearse(scratch, values, look);
  } else {
    ev.start(scratch);
    look();
  }
  ev.start(command);
  return out;
}

std::string cell_name(const Spec& spec, const State& state, const CellId& cell) {
  if (cell.kind == entry_cell) {
    static constexpr const char* names[] = {"state", "ripas", "addr", "MemAttr", "S2AP"};
    const Table* t = state.table_number(static_cast<std::uint32_t>(cell.key));
    if (t == nullptr) return "entry of a table that is gone";
    return fmt::format("Rtt({})[{}].{}", t->addr_known ? fmt::format("{:#x}", t->addr) : "?", cell.index,
                       names[cell.field]);
  }
  const ObjectKind& k = spec.object(cell.kind);
  std::string path = fmt::format("slot {}", cell.field);
  for (const auto& f : k.fields)
    if (cell.field >= f.slot && cell.field < f.slot + std::max<int>(f.count, 1))
      path = f.count == 0 ? f.path : fmt::format("{}[{}]", f.path, cell.field - f.slot);
  return fmt::format("{}({:#x}).{}", k.name, cell.key, path);
}

std::string cell_value(const Spec& spec, const State& state, const CellId& cell) {
  ConcreteDomain::Value v;
  std::string type = "Address";
  if (cell.kind == entry_cell) {
    static constexpr const char* types[] = {"RmmRttEntryState", "RmmRipas", "Address", "Bits3", "Bits2"};
    const Table* t = state.table_number(static_cast<std::uint32_t>(cell.key));
    if (t == nullptr) return "-";
    type = types[cell.field];
    v.status = State::read_entry(*t, cell.index, static_cast<EntryField>(cell.field), v.bits);
  } else {
    v.status = state.read(cell.kind, cell.key, cell.field, v.bits);
    for (const auto& f : spec.object(cell.kind).fields)
      if (cell.field >= f.slot && cell.field < f.slot + std::max<int>(f.count, 1)) type = f.type;
  }
  return value_text(spec, type, v);
}

} // namespace rmmcheck::checker
