#include "show.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "text.hpp"

namespace rmmcheck::checker {

using namespace model;

std::string context_amendment(const Spec& spec, const Command& command, const std::string& name) {
  std::string out;
  for (const auto& a : spec.amendments())
    for (const auto& ch : a.changes)
      if (a.kind == AmendmentDecl::Kind::completes && ch.part == "context" && ch.command == command.decl.name &&
          ch.context.name == name)
        out = a.name;
  return out;
}

const Expr* result_index(const Condition& failure) {
  std::vector<const Expr*> open{failure.post.get()};
  while (!open.empty()) {
    const Expr* e = open.back();
    open.pop_back();
    if (e == nullptr) continue;
    if (e->kind == Expr::Kind::call && e->name == "ResultEqual") return e->args.size() > 2 ? e->args[2].get() : nullptr;
    if (e->kind == Expr::Kind::binary && e->name == "&&")
      for (const auto& a : e->args) open.push_back(a.get());
  }
  return nullptr;
}

std::vector<std::pair<std::string, std::string>> order_pairs(const CommandDecl& decl) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& o : decl.ordering)
    for (const auto& b : o.before)
      for (const auto& a : o.after)
        if (std::find(out.begin(), out.end(), std::pair(b, a)) == out.end()) out.emplace_back(b, a);
  return out;
}

std::string fid_text(std::uint32_t fid) { return fmt::format("0x{:08X}", fid); }

const char* kind_name(AmendmentDecl::Kind kind) {
  return kind == AmendmentDecl::Kind::completes ? "completes" : "reading";
}

namespace {

std::string marked(const std::string& text, const std::string& amendment) {
  return amendment.empty() ? text : text + fmt::format("  [{}]", amendment);
}

std::string post_text(const Condition& c) { return c.post ? c.post->source : fmt::format("\"{}\"", c.prose); }

template <class Rows>
std::size_t id_column(const Rows& rows) {
  std::size_t w = 0;
  for (const auto& r : rows) {
    if constexpr (requires { r.id; })
      w = std::max(w, r.id.size());
    else
      w = std::max(w, r.name.size());
  }
  return std::min<std::size_t>(w, 24) + 4;
}

void title(Text& t, std::string_view text) {
  t.line();
  t.line(t.paint(Colour::bold, text));
}

void registers(Text& t, const char* name, const std::vector<RegisterDecl>& rows) {
  if (rows.empty()) return;
  title(t, name);
  for (const auto& r : rows)
    t.field("  " + r.name, id_column(rows),
            fmt::format("X{} {}:{} {}{}", r.reg, r.bits.high, r.bits.low, r.type,
                        r.other_bits_free ? " (other bits free)" : ""));
}

void failures(Text& t, const CommandDecl& d) {
  if (d.failure.empty()) return;
  title(t, "failure conditions");
  for (const auto& f : d.failure) {
    t.field("  " + f.id, id_column(d.failure), marked(f.pre->source, f.amendment));
    t.field("", id_column(d.failure) + 2, "=> " + post_text(f));
  }
}

void conditions(Text& t, const char* name, const std::vector<Condition>& rows) {
  if (rows.empty()) return;
  title(t, name);
  for (const auto& c : rows) {
    if (c.pre) {
      t.field("  " + c.id, id_column(rows), marked(c.pre->source, c.amendment));
      t.field("", id_column(rows) + 2, "=> " + post_text(c));
    } else {
      t.field("  " + c.id, id_column(rows), marked(post_text(c), c.amendment));
    }
  }
}

std::string change_text(const Change& ch) {
  static constexpr const char* verbs[] = {"adds", "replaces", "drops"};
  std::string out = fmt::format("{} {} ", verbs[static_cast<std::size_t>(ch.verb)], ch.part);
  if (ch.part == "context") return out + ch.context.name + (ch.context.value ? " = " + ch.context.value->source : "");
  if (ch.part == "ordering")
    return out + fmt::format("[{}] < [{}]", fmt::join(ch.ordering.before, ", "), fmt::join(ch.ordering.after, ", "));
  out += ch.condition.id;
  if (ch.condition.pre)
    out += ": " + ch.condition.pre->source + " =>";
  else if (ch.condition.post)
    out += ":";
  return ch.condition.post ? out + " " + ch.condition.post->source : out;
}

void readings(Text& t, const Spec& spec, const Command& command) {
  bool first = true;
  for (const auto& a : spec.amendments()) {
    if (a.kind != AmendmentDecl::Kind::reading) continue;
    std::vector<std::string> lines;
    for (const auto& ch : a.changes)
      if (ch.command == command.decl.name) lines.push_back(change_text(ch));
    // A redefined function can matter to any command; it is named where the command's tables do.
    for (const auto& f : a.functions) {
      const auto mentions = [&](const ExprPtr& e) { return e && e->source.find(f.name + "(") != std::string::npos; };
      const auto& d = command.decl;
      if (std::any_of(d.context.begin(), d.context.end(), [&](const auto& c) { return mentions(c.value); }))
        lines.push_back(fmt::format("replaces {}: {}", f.name, f.body ? f.body->source : ""));
    }
    if (lines.empty()) continue;
    if (first) title(t, "readings: a call that conforms only under one of these is noted");
    first = false;
    t.line(fmt::format("  {} ({})", a.name, a.section));
    for (const auto& l : lines) t.field("   ", 6, l);
  }
}

} // namespace

std::string command_text(const Spec& spec, const Command& command, const TextOptions& options) {
  Text t(options);
  const CommandDecl& d = command.decl;
  t.line(fmt::format("{}  {}  {}  in {}", t.paint(Colour::bold, d.name), d.section,
                     d.event ? "a step that is no command" : fid_text(d.fid), spec.name()));
  registers(t, "inputs", d.inputs);
  registers(t, "outputs", d.outputs);
  if (!d.context.empty()) {
    title(t, "context");
    for (const auto& c : d.context)
      t.field("  " + c.name, id_column(d.context),
              marked(fmt::format("{} = {}, before {}", c.type, c.value->source, c.before ? "true" : "false"),
                     context_amendment(spec, command, c.name)));
  }
  failures(t, d);
  if (!d.ordering.empty()) {
    title(t, "ordering");
    for (const auto& o : d.ordering)
      t.field("  ", 2, fmt::format("[{}] < [{}]", fmt::join(o.before, ", "), fmt::join(o.after, ", ")));
  }
  conditions(t, "success conditions", d.success);
  conditions(t, "request: what is true after the REC exit that the command makes", d.request);
  conditions(t, "footprint", d.footprint);
  readings(t, spec, command);
  return t.take();
}

std::string spec_text(const Spec& spec, const TextOptions& options) {
  Text t(options);
  t.field("", 0, fmt::format("{}: {}", spec.name(), spec.title()));
  t.line();
  t.line(t.paint(Colour::bold, fmt::format("{:<26} {:<8} {:>7} {:>8} {:>8} {:>8} {:>9}", "command", "section",
                                           "context", "failures", "ordering", "success", "footprint")));
  std::size_t sum[5] = {};
  for (const bool event : {false, true})
    for (const auto& c : spec.commands()) {
      const CommandDecl& d = c->decl;
      if (d.event != event) continue;
      const std::size_t n[5] = {d.context.size(), d.failure.size(), order_pairs(d).size(),
                                d.success.size() + d.request.size(), d.footprint.size()};
      for (std::size_t i = 0; i < 5; ++i) sum[i] += n[i];
      t.line(
          fmt::format("{:<26} {:<8} {:>7} {:>8} {:>8} {:>8} {:>9}", d.name, d.section, n[0], n[1], n[2], n[3], n[4]));
    }
  t.line(t.paint(Colour::bold, fmt::format("{:<26} {:<8} {:>7} {:>8} {:>8} {:>8} {:>9}", "sum", "", sum[0], sum[1],
                                           sum[2], sum[3], sum[4])));
  t.line();
  t.field("", 0,
          fmt::format("{} in force; `rmmcheck show --amendments` lists them. `rmmcheck show {} COMMAND` prints the "
                      "tables of one command.",
                      counted(spec.amendments().size(), "amendment"), spec.name()));
  return t.take();
}

std::string amendments_text(const Spec& spec, const TextOptions& options) {
  Text t(options);
  t.line(fmt::format("{}: {} in force", spec.name(), counted(spec.amendments().size(), "amendment")));
  for (const auto& a : spec.amendments()) {
    t.line();
    t.line(fmt::format("{}  {}  {}", t.paint(Colour::bold, a.name), kind_name(a.kind), a.section));
    t.field("  ", 2, a.reason);
    for (const auto& f : a.functions) t.field("  ", 4, fmt::format("replaces function {}", f.name));
    for (const auto& ch : a.changes) t.field("  ", 4, fmt::format("{}: {}", ch.command, change_text(ch)));
  }
  return t.take();
}

} // namespace rmmcheck::checker
