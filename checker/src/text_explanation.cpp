// `rmmcheck explain`: one call seen from inside, the verdict first.
#include <algorithm>

#include <fmt/format.h>

#include "rmmcheck/checker/print.hpp"
#include "text.hpp"

namespace rmmcheck::checker {
namespace {

constexpr std::size_t most_cells = 40;
constexpr std::size_t most_writers = 6;

using Value = Explanation::Value;

std::string writers_text(const std::vector<std::uint64_t>& calls) {
  if (calls.empty()) return {};
  std::string out = calls.size() == 1 ? "call " : "calls ";
  const std::size_t skipped = calls.size() > most_writers ? calls.size() - most_writers : 0;
  if (skipped != 0) out += "..., ";
  for (std::size_t i = skipped; i < calls.size(); ++i) out += fmt::format("{}{}", i == skipped ? "" : ", ", calls[i]);
  return out;
}

std::size_t widest(const std::vector<Value>& values) {
  std::size_t w = 0;
  for (const auto& v : values) w = std::max(w, v.name.size());
  return std::min<std::size_t>(w, 32);
}

void values(Text& t, const char* title, const std::vector<Value>& list) {
  if (list.empty()) return;
  t.line();
  t.line(t.paint(Colour::bold, title));
  const std::size_t w = widest(list) + 4;
  for (const auto& v : list) {
    std::string text = v.value;
    if (!v.written_by.empty()) text += fmt::format("  ({})", writers_text(v.written_by));
    t.field("  " + v.name, w, text);
  }
}

void parts(Text& t, const Explanation::Row& r, std::size_t column) {
  std::string text;
  for (const auto& p : r.parts) {
    // What the row says already.
    if (p.name == r.pre || "!" + p.name == r.pre || p.name == r.post) continue;
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", p.name, p.value);
  }
  if (!text.empty()) t.field("", column, text);
}

Colour colour_of(const std::string& value, bool failure) {
  if (value == "holds") return failure ? Colour::yellow : Colour::green;
  if (value == "does not hold") return failure ? Colour::none : Colour::red;
  return Colour::dim;
}

void row(Text& t, const Explanation::Row& r, bool failure, std::size_t id_width) {
  // Padded before it is painted: the codes have no width.
  const std::string value = fmt::format("  {:<15}", failure && r.value == "holds" ? "HOLDS" : r.value);
  const std::string label = t.paint(colour_of(r.value, failure), value) + r.id;
  const std::size_t column = value.size() + id_width + 2;
  std::string text = r.pre;
  if (!failure) text = r.pre.empty() ? r.post : r.pre + " => " + r.post;
  if (!r.amendment.empty()) text += fmt::format(" [{}]", r.amendment);
  t.field(label, column, text, label.size() - value.size() - r.id.size());
  parts(t, r, column + 2);
  if (failure && (r.value == "holds" || r.value == "open")) {
    std::string result = "would give " + r.result;
    if (!r.masked_by.empty()) result += fmt::format(", but {} comes first", fmt::join(r.masked_by, ", "));
    t.field("", column + 2, result);
  }
}

void rows(Text& t, const std::vector<Explanation::Row>& list, bool failure) {
  std::size_t w = 0;
  for (const auto& r : list) w = std::max(w, r.id.size());
  for (const auto& r : list) row(t, r, failure, std::min<std::size_t>(w, 18));
}

void table(Text& t, const Explanation::Table& table, const std::string& call) {
  if (table.name != call) {
    t.line();
    t.line(t.paint(Colour::bold, fmt::format("--- {} ({})", table.name, table.section)));
  }
  values(t, "inputs", table.inputs);
  values(t, "outputs", table.outputs);
  values(t, "context before the call", table.context);
  if (!table.failures.empty()) {
    t.line();
    t.line(t.paint(Colour::bold, "failure conditions"));
    rows(t, table.failures, true);
  }
  if (table.equations.empty()) return;
  t.line();
  if (!table.not_evaluated.empty()) {
    t.line(t.paint(Colour::bold, fmt::format("{}: {}", table.kind, table.not_evaluated)));
    return;
  }
  t.line(t.paint(Colour::bold, table.kind + ", after the call"));
  rows(t, table.equations, false);
}

void walk(Text& t, const Explanation::Walk& w) {
  t.line();
  t.line(
      t.paint(Colour::bold, fmt::format("RTT walk before the call: rd {}, ipa {}, to level {}", w.rd, w.ipa, w.level)));
  if (!w.steps.empty())
    t.line(fmt::format("  {:>5}  {:<14} {:>5}  {:<14} {:<10} {:<14} {}", "level", "table", "index", "state", "RIPAS",
                       "address", "from"));
  for (const auto& s : w.steps)
    t.line(fmt::format("  {:>5}  {:<14} {:>5}  {:<14} {:<10} {:<14} {}", s.level, s.table, s.index, s.state,
                       s.state == "TABLE" ? "-" : s.ripas, s.addr,
                       s.written_by == 0 ? "-" : fmt::format("call {}", s.written_by)));
  if (!w.stopped.empty()) t.field("  ", 2, "stopped: " + w.stopped);
}

void cells(Text& t, const std::vector<Explanation::Cell>& cells) {
  t.line();
  if (cells.empty()) {
    t.line(t.paint(Colour::bold, "no cell changed"));
    return;
  }
  t.line(t.paint(Colour::bold, "cells that changed"));
  for (std::size_t i = 0; i < cells.size() && i < most_cells; ++i) {
    const auto& c = cells[i];
    std::string text = fmt::format("{}: {} -> {}", c.name, c.before, c.after);
    if (c.written_by != 0) text += fmt::format("  (before: call {})", c.written_by);
    t.field("  ", 4, text);
  }
  if (cells.size() > most_cells) t.field("  ", 4, fmt::format("and {} more", cells.size() - most_cells));
}

bool is_open(const Explanation& e, const std::string& condition) {
  for (const auto& t : e.tables)
    for (const auto& r : t.failures)
      if (r.id == condition && r.value == "open") return true;
  return false;
}

std::string verdict_words(const Explanation& e) {
  if (e.tables.empty()) return "not checked: outside the model";
  if (e.verdict == Verdict::conforming && !e.readings.empty())
    return fmt::format("conforming only under the reading {}", fmt::join(e.readings, " and "));
  if (e.verdict == Verdict::inconclusive) return "inconclusive: the result was not recorded";
  return verdict_name(e.verdict);
}

} // namespace

std::string explanation_text(const Explanation& e, const TextOptions& options) {
  Text t(options);
  t.line(t.paint(Colour::bold, fmt::format("{}  {}  {}", e.call, call_text(e.seq, e.line), e.section)));
  t.line(t.paint(e.verdict == Verdict::conforming  ? Colour::green
                 : e.verdict == Verdict::violating ? Colour::red
                                                   : Colour::yellow,
                 verdict_words(e)));
  for (const auto& v : e.violations) t.field("  ", 4, fmt::format("{}: {}", v.signature, v.sentence));
  if (e.tables.empty()) return t.take();
  t.line();
  std::string observed = e.phase == "pending" ? "a REC exit: the Realm waits for the Host"
                                              : result_text(e.observed_status, e.observed_index);
  t.field("observed", 10, observed.empty() ? "no result" : observed);
  for (std::size_t i = 0; i < e.allowed.size(); ++i) {
    const Allowed& a = e.allowed[i];
    std::string text = result_text(a.status, a.index);
    for (const auto& [name, value] : a.outputs) text += fmt::format(" {}={}", name, value);
    if (!a.condition.empty())
      text += fmt::format(" (condition {}{})", a.condition, is_open(e, a.condition) ? ", which is open" : "");
    t.field(i == 0 ? "legal" : "or", 10, text);
  }
  for (const auto& x : e.tables) table(t, x, e.call);
  for (const auto& w : e.walks) walk(t, w);
  cells(t, e.cells);
  return t.take();
}

} // namespace rmmcheck::checker
