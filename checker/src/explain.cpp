#include "explain.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "describe.hpp"

namespace rmmcheck::checker {

using namespace model;

namespace {

const char* phase_name(traces::Phase p) {
  switch (p) {
  case traces::Phase::host: return "host";
  case traces::Phase::complete: return "complete";
  case traces::Phase::pending: return "pending";
  case traces::Phase::returned: return "returned";
  }
  return "?";
}

const char* truth_word(Truth t) {
  switch (t) {
  case Truth::yes: return "holds";
  case Truth::no: return "does not hold";
  case Truth::open: return "open";
  case Truth::undefined: return "not well-formed";
  }
  return "?";
}

// As in the specification, prose in quotes.
std::string post_text(const Condition& c) { return c.post ? c.post->source : fmt::format("\"{}\"", c.prose); }

// Where the header does not say which memory is delegable, the Granules that the call names.
std::vector<std::uint64_t> addresses(const traces::Call& c) {
  std::vector<std::uint64_t> out(c.in.begin(), c.in.end());
  out.insert(out.end(), c.out.begin() + 1, c.out.end());
  for (std::size_t i = 0; i < traces::param_names(c.params.kind).size(); ++i)
    if ((c.params.known >> i & 1U) != 0) out.push_back(c.params.value[i]);
  return out;
}

ExprPtr name_expr(const ContextDecl& c) {
  Expr e;
  e.kind = Expr::Kind::name;
  e.name = e.source = c.name;
  e.position = c.position;
  return std::make_shared<const Expr>(std::move(e));
}
ExprPtr field_expr(const ExprPtr& of, const std::string& field) {
  Expr e;
  e.kind = Expr::Kind::field;
  e.name = field;
  e.source = of->source + "." + field;
  e.args = {of};
  e.position = of->position;
  return std::make_shared<const Expr>(std::move(e));
}

} // namespace

// A command with the parts of its conditions added to its graph. Parts of failure conditions are read before, those of
// equations after.
struct Explainer::Table {
  Command command;
  const Command* judged = nullptr;
  CallValues values;
  ConcreteDomain domain;
  Evaluator<ConcreteDomain> evaluator; ///< remembers what was before while the call takes effect
  const Equations* equations = nullptr;
  std::vector<std::vector<Part>> failure_parts, equation_parts;
  Explanation::Table out;
  bool applied = false;

  Table(const Command& c, const CallValues& v, State& state)
      : command(c), judged(&c), values(v), domain(state), evaluator(domain) {
    domain.call(values);
  }
  [[nodiscard]] const std::vector<Condition>& conditions() const {
    return equations == &command.request ? command.decl.request : command.decl.success;
  }
};

Explainer::Explainer(const Spec& spec, Judge& judge, const traces::Call& call, SeqOf seq_of)
    : spec_(spec), judge_(judge), seq_of_(std::move(seq_of)), before_(spec, judge.domain().state(), addresses(call)) {
  out_.seq = call.seq;
  out_.line = call.line;
  out_.call = traces::command_name(call.fid);
  out_.phase = phase_name(call.phase);
  const Command* command = spec.find_fid(call.fid);
  if (command == nullptr) return;
  out_.section = command->decl.section;
  succeeded_ = (call.out_known & 1) != 0 && call.out[0] == command->success_value;
  if ((call.out_known & 1) != 0)
    describe_result(spec, *command, call.out[0], out_.observed_status, out_.observed_index);
}
Explainer::~Explainer() = default;

void Explainer::begin(const Command& command, const CallValues& values, bool pending) {
  if (!command.decl.event) out_.allowed = allowed_results(spec_, command, values, judge_);
  if (pending)
    for (auto& allowed : out_.allowed)
      if (allowed.condition.empty()) allowed = {"REC exit", -1, "", allowed.section, {}};
  tables_.push_back(std::make_unique<Table>(command, values, judge_.domain().state()));
  Table& t = *tables_.back();
  t.equations = pending ? &t.command.request : &t.command.success;
  t.out.name = command.decl.name;
  t.out.section = command.decl.section;
  t.out.kind = pending ? "request" : "success conditions";
  // All that is compiled comes first: the evaluator must see a graph that no longer grows.
  for (const auto& f : command.decl.failure)
    t.failure_parts.push_back(parts_of(spec_, t.command, *f.pre, When::before));
  for (const auto& s : t.conditions()) {
    std::vector<Part> parts;
    for (const auto* e : {s.pre.get(), s.post.get()})
      if (e != nullptr)
        for (auto& p : parts_of(spec_, t.command, *e, When::after))
          if (std::none_of(parts.begin(), parts.end(), [&](const Part& q) { return q.text == p.text; }))
            parts.push_back(std::move(p));
    t.equation_parts.push_back(std::move(parts));
  }
  context(t, command.decl);
  t.evaluator.start(t.command);
  const auto& d = command.decl;
  for (std::size_t i = 0; i < d.inputs.size(); ++i)
    t.out.inputs.push_back(
        {d.inputs[i].name,
         (values.input_known >> i & 1U) != 0 ? spec_.enumerator(d.inputs[i].type, values.input[i]) : "not recorded",
         {}});
  for (std::size_t i = 0; i < d.outputs.size(); ++i)
    if ((values.output_known >> i & 1U) != 0)
      t.out.outputs.push_back({d.outputs[i].name, spec_.enumerator(d.outputs[i].type, values.output[i]), {}});
  failures(t);
  walks(t);
  sample(t);
}

void Explainer::failures(Table& t) {
  const auto& decls = t.command.decl.failure;
  std::uint32_t holds = 0;
  std::vector<Truth> truth;
  for (std::size_t i = 0; i < decls.size(); ++i) {
    truth.push_back(ConcreteDomain::truth(t.evaluator.eval(t.command.failures[i].pre)));
    if (truth.back() == Truth::yes) holds |= 1U << i;
  }
  for (std::size_t i = 0; i < decls.size(); ++i) {
    Explanation::Row row;
    row.id = decls[i].id;
    row.pre = decls[i].pre->source;
    row.post = post_text(decls[i]);
    row.amendment = decls[i].amendment;
    row.value = truth_word(truth[i]);
    row.result = result_of(t, i);
    // A condition that does not hold reports nothing, so nothing comes before it.
    if (truth[i] == Truth::yes || truth[i] == Truth::open)
      for (std::size_t k = 0; k < decls.size(); ++k)
        if ((t.command.failures[i].predecessors & holds) >> k & 1U) row.masked_by.push_back(decls[k].id);
    row.parts = values_of(t, t.failure_parts[i]);
    t.out.failures.push_back(std::move(row));
  }
}

std::string Explainer::result_of(Table& t, std::size_t failure) {
  const FailureCode& f = t.command.failures[failure];
  std::string out = spec_.enumerator(status_type(t.command), f.status);
  if (f.index == no_node) return out;
  const auto v = t.evaluator.eval(f.index);
  if (v.status == Status::known) out += fmt::format(", index {}", v.bits & 0xff);
  return out;
}

// Values of the context before the call: scalars as they are, of a walk where it ended and what it found there.
void Explainer::context(Table& t, const CommandDecl& decl) {
  std::vector<Part> parts;
  const auto add = [&](const ExprPtr& e) {
    std::string type;
    const NodeId n = compile_expression(spec_, t.command, *e, When::before, type);
    if (n != no_node && t.command.nodes[n].op != Op::constant) parts.push_back({e->source, type, n});
  };
  for (const auto& c : decl.context) {
    const ExprPtr e = name_expr(c);
    if (c.type != "RmmRttWalkResult") {
      add(e);
      continue;
    }
    for (const char* field : {"level", "rtt_addr"}) add(field_expr(e, field));
    for (const char* field : {"state", "ripas", "addr"}) add(field_expr(field_expr(e, "rtte"), field));
  }
  t.evaluator.start(t.command);
  t.out.context = values_of(t, parts);
}

// Every value is computed afresh, so that the cells it was computed from are seen.
Explanation::Value Explainer::value_of(Table& t, const std::string& name, const std::string& type, NodeId node) {
  std::vector<CellId> cells;
  Evaluator<ConcreteDomain> evaluator(t.domain);
  evaluator.start(t.command);
  t.domain.trace(&cells);
  const auto v = evaluator.eval(node);
  t.domain.trace(nullptr);
  std::set<std::uint64_t> writers;
  for (const auto& c : cells)
    // An address inside a Granule names no Granule, and nobody wrote one there.
    if (c.kind != granule_kind || (c.key & 0xfff) == 0)
      if (const CallNumber n = judge_.domain().state().writer(c); n != 0) writers.insert(seq_of_(n));
  return {name, value_text(spec_, type, v), {writers.begin(), writers.end()}};
}

std::vector<Explanation::Value> Explainer::values_of(Table& t, const std::vector<Part>& parts) {
  std::vector<Explanation::Value> out;
  for (const auto& p : parts) out.push_back(value_of(t, p.text, p.type, p.node));
  return out;
}

// --- the way of a walk ----------------------------------------------------------------------------------------------

void Explainer::walks(Table& t) {
  const std::size_t count = t.judged->nodes.size();
  for (NodeId id = 0; id < count; ++id) {
    const Node n = t.command.nodes[id];
    if (n.op != Op::walk || n.bound) continue;
    const auto rd = t.evaluator.eval(n.a), ipa = t.evaluator.eval(n.b), level = t.evaluator.eval(n.c);
    if (rd.status != Status::known || ipa.status != Status::known || level.status != Status::known) continue;
    add_walk(rd.bits, ipa.bits, static_cast<std::int64_t>(level.bits));
  }
}

void Explainer::add_walk(std::uint64_t rd, std::uint64_t ipa, std::int64_t level) {
  State& state = judge_.domain().state();
  Explanation::Walk walk{fmt::format("{:#x}", rd), fmt::format("{:#x}", ipa), level, {}, {}};
  const auto same = [&](const auto& w) { return w.rd == walk.rd && w.ipa == walk.ipa && w.level == level; };
  if (std::any_of(out_.walks.begin(), out_.walks.end(), same)) return;
  std::uint64_t start = 0;
  switch (state.read(realm_kind, rd, state.realm_slots().level_start, start)) {
  case Status::known: break;
  case Status::undefined: walk.stopped = "there is no such Realm"; break;
  default: walk.stopped = "the starting level of the Realm is unknown"; break;
  }
  const auto field = [&](const Place& p, EntryField f, const char* type) {
    ConcreteDomain::Value v;
    v.status = State::read_entry(*p.table, p.index, f, v.bits);
    return value_text(spec_, type, v);
  };
  for (auto l = static_cast<std::int64_t>(start); walk.stopped.empty() && l <= level; ++l) {
    const Place p = state.walk(rd, ipa, l);
    if (p.status == Status::undefined)
      walk.stopped = "the address or the level is outside the Realm's";
    else if (p.status != Status::known)
      walk.stopped = fmt::format("what level {} holds is unknown", l);
    if (p.status != Status::known || p.level < l) break;
    walk.steps.push_back({l, p.table->addr_known ? fmt::format("{:#x}", p.table->addr) : "unknown", p.index,
                          field(p, EntryField::state, "RmmRttEntryState"), field(p, EntryField::ripas, "RmmRipas"),
                          field(p, EntryField::addr, "Address"), seq_of_(p.table->writer[p.index])});
  }
  if (walk.steps.empty() && walk.stopped.empty()) walk.stopped = "the level is above the Realm's starting level";
  out_.walks.push_back(std::move(walk));
}

// --- after the call -------------------------------------------------------------------------------------------------

// Makes the evaluator remember all that is about the state before, as the judge's does for what it needs.
void Explainer::sample(Table& t) { t.evaluator.sample(nodes_before(t.command, 0)); }

void Explainer::applied(const Command& command) {
  const auto it =
      std::find_if(tables_.begin(), tables_.end(), [&](const auto& t) { return t->judged == &command && !t->applied; });
  if (it == tables_.end()) return;
  Table& t = **it;
  t.applied = true;
  for (std::size_t i = 0; i < t.conditions().size(); ++i) {
    const Condition& c = t.conditions()[i];
    Explanation::Row row;
    row.id = c.id;
    row.pre = c.pre ? c.pre->source : "";
    row.post = post_text(c);
    row.amendment = c.amendment;
    const NodeId node = t.equations->holds[i];
    row.value = node == no_node ? "prose" : truth_word(ConcreteDomain::truth(t.evaluator.eval(node)));
    for (const auto& p : t.equation_parts[i])
      row.parts.push_back({p.text, value_text(spec_, p.type, t.evaluator.eval(p.node)), {}});
    t.out.equations.push_back(std::move(row));
  }
}

Explanation Explainer::end() {
  for (auto& t : tables_) {
    if (!t->applied)
      for (const auto& c : t->conditions())
        t->out.equations.push_back(
            {c.id, c.pre ? c.pre->source : "", post_text(c), c.amendment, "not evaluated", "", {}, {}});
    if (!t->applied)
      t->out.not_evaluated =
          succeeded_ ? "not evaluated, the call should have failed" : "not evaluated, the call failed";
    out_.tables.push_back(std::move(t->out));
  }
  out_.cells = before_.changes(seq_of_);
  return std::move(out_);
}

} // namespace rmmcheck::checker
