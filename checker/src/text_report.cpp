// The report for people: what went wrong first, each kind of violation once in full, the rest as counts.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "rmmcheck/checker/print.hpp"
#include "text.hpp"

namespace rmmcheck::checker {
namespace {

constexpr std::size_t column = 14;         // where values stand
constexpr std::size_t most_values = 16;    // of those that decided
constexpr std::size_t most_causes = 8;     // of the calls that wrote them: the latest
constexpr std::size_t most_incomplete = 5; // bounds that were hit

using Named = std::vector<std::pair<std::string, std::string>>;

std::string named_text(const Named& values) {
  std::string out;
  // A name and its value stay together where they can: Text breaks lines at blanks.
  for (const auto& [name, value] : values) out += fmt::format("{}{}={}", out.empty() ? "" : " ", name, value);
  return out;
}

std::string allowed_text(const Allowed& a) {
  std::string out =
      a.index < 0 && a.status == "RMI_ERROR_RTT" ? a.status + ", any index" : result_text(a.status, a.index);
  if (!a.outputs.empty()) out += ": " + named_text(a.outputs);
  out += a.condition.empty() ? fmt::format(" ({})", a.section)
                             : fmt::format(" (condition {}, {})", a.condition, a.section);
  return out;
}

Colour colour_of(Verdict v) {
  switch (v) {
  case Verdict::conforming: return Colour::green;
  case Verdict::violating:
  case Verdict::input_error: return Colour::red;
  case Verdict::inconclusive: return Colour::yellow;
  }
  return Colour::none;
}

void causes(Text& t, const Violation& v, const CallTexts& calls) {
  if (v.caused_by.empty()) return;
  const std::size_t skipped = v.caused_by.size() > most_causes ? v.caused_by.size() - most_causes : 0;
  std::string label = "    set by";
  if (calls.empty()) {
    std::string list;
    for (std::size_t i = skipped; i < v.caused_by.size(); ++i)
      list += fmt::format("{}{}", list.empty() ? (v.caused_by.size() == 1 ? "call " : "calls ") : ", ", v.caused_by[i]);
    if (skipped != 0) list += fmt::format(", and {} earlier", skipped);
    t.field(label, column, list);
    return;
  }
  for (std::size_t i = skipped; i < v.caused_by.size(); ++i) {
    const auto it = calls.find(v.caused_by[i]);
    label.resize(column, ' ');
    t.field(label + fmt::format("call {}", v.caused_by[i]), column + 2, it == calls.end() ? "" : it->second);
    label.clear();
  }
  if (skipped != 0) t.field("", column, fmt::format("and {} earlier", counted(skipped, "call")));
}

void violation(Text& t, const Violation& v, const CallTexts& calls) {
  t.field(fmt::format("  {}:", call_text(v.seq, v.line)), 4, v.sentence);
  t.field("    call", column, fmt::format("{} {}", v.call, named_text(v.inputs)));
  std::string observed = result_text(v.observed_status, v.observed_index);
  if (!v.outputs.empty()) observed += ": " + named_text(v.outputs);
  t.field("    observed", column, observed);
  for (std::size_t i = 0; i < v.allowed.size(); ++i)
    t.field(i == 0 ? "    legal" : "    or", column, allowed_text(v.allowed[i]));
  for (std::size_t i = 0; i < v.decided_by.size() && i < most_values; ++i)
    t.field(i == 0 ? "    because" : "", column, fmt::format("{} = {}", v.decided_by[i].text, v.decided_by[i].value));
  if (v.decided_by.size() > most_values)
    t.field("", column, fmt::format("and {} more values", v.decided_by.size() - most_values));
  causes(t, v, calls);
}

// Where a signature occurred, without the first `skip` of its `count` occurrences.
void occurrences(Text& t, const TraceReport& r, const std::string& signature, const char* label, std::uint64_t skip) {
  const std::uint64_t count = r.signatures.at(signature);
  std::string list;
  std::uint64_t seen = 0;
  for (const auto& v : r.violations) {
    if (v.signature != signature || seen++ < skip) continue;
    if (seen - skip > t.options().occurrences) {
      --seen;
      break;
    }
    list += fmt::format("{}{}{}(line{}{})", list.empty() ? "" : ", ", v.seq, no_break, no_break, v.line);
  }
  if (count <= skip) return;
  if (seen < count) list += fmt::format("{}{} more", list.empty() ? "" : ", and ", grouped(count - seen));
  t.field(label, column, list);
}

// Signatures in the order of their first occurrence; those of which no occurrence was kept come last.
std::vector<std::string> in_order(const TraceReport& r) {
  std::vector<std::string> out;
  const auto add = [&](const std::string& s) {
    if (std::find(out.begin(), out.end(), s) == out.end()) out.push_back(s);
  };
  for (const auto& v : r.violations) add(v.signature);
  for (const auto& [s, n] : r.signatures) add(s);
  return out;
}

void group(Text& t, const TraceReport& r, const std::string& signature, const CallTexts& calls, bool details) {
  const std::uint64_t count = r.signatures.at(signature);
  t.line();
  t.line(fmt::format("{}  ({})", t.paint(Colour::red, signature), counted(count, "violation")));
  if (!details) return;
  const auto first =
      std::find_if(r.violations.begin(), r.violations.end(), [&](const auto& v) { return v.signature == signature; });
  if (first == r.violations.end()) {
    t.field("  ", 2, "no details were kept of these; a higher --max-violations keeps more");
    return;
  }
  violation(t, *first, calls);
  occurrences(t, r, signature, "  also calls", 1);
}

void remarks(Text& t, const TraceReport& r) {
  for (const auto& signature : in_order(r))
    if (const auto w = r.waived.find(signature); w != r.waived.end()) {
      t.line();
      t.line(fmt::format("{}  ({}, waived)", t.paint(Colour::yellow, signature),
                         counted(r.signatures.at(signature), "violation")));
      t.field("  reason", column, w->second);
      occurrences(t, r, signature, "  calls", 0);
    }
  if (!r.notes.empty()) t.line();
  for (const auto& n : r.notes)
    t.field(t.paint(Colour::yellow, "note:"), 6,
            fmt::format("{} only under the reading {}, first at {}", counted(n.count, "call conforms", "calls conform"),
                        n.amendment, call_text(n.first_seq, n.first_line)));
  if (!r.incomplete.empty()) t.line();
  for (std::size_t i = 0; i < r.incomplete.size() && i < most_incomplete; ++i)
    t.field(t.paint(Colour::yellow, "not decided:"), 13, r.incomplete[i]);
  if (r.incomplete.size() > most_incomplete)
    t.field("", 13, fmt::format("and {} more", grouped(r.incomplete.size() - most_incomplete)));
}

std::uint64_t waived_count(const TraceReport& r) {
  std::uint64_t n = 0;
  for (const auto& [signature, reason] : r.waived) n += r.signatures.at(signature);
  return n;
}

} // namespace

std::string result_text(const std::string& status, std::int64_t index) {
  // RMI_ERROR_REALM of RMI_REC_ENTER has an index too; 0 says as much as none.
  if (status == "RMI_ERROR_RTT" && index >= 0) return fmt::format("{}, index {}", status, index);
  return index > 0 ? fmt::format("{}, index {}", status, index) : status;
}

std::string violation_text(const Violation& v, const TextOptions& options, const CallTexts& calls) {
  Text t(options);
  t.line(t.paint(Colour::red, v.signature));
  violation(t, v, calls);
  return t.take();
}

std::string trace_text(const TraceReport& r, const TextOptions& options, const CallTexts& calls, bool details) {
  Text t(options);
  t.line(fmt::format("{}: {}", r.path == "-" ? "standard input" : r.path,
                     t.paint(colour_of(r.verdict), verdict_name(r.verdict))));
  if (!r.error.empty()) t.field("  ", 2, "stopped: " + r.error);
  std::string facts = counted(r.calls, "call") + " checked";
  if (r.unmodelled != 0) facts += fmt::format("; {} outside the model", counted(r.unmodelled, "record"));
  if (r.skipped_lines != 0) facts += fmt::format("; {} skipped", counted(r.skipped_lines, "line"));
  if (r.with_unknowns != 0)
    facts += fmt::format("; {} on values that the trace does not hold",
                         counted(r.with_unknowns, "result depends", "results depend"));
  if (r.calls != 0 || r.error.empty()) t.field("  ", 2, facts);
  for (const auto& signature : in_order(r))
    if (!r.waived.contains(signature)) group(t, r, signature, calls, details);
  remarks(t, r);
  t.line();
  return t.take();
}

std::string verdict_text(const Report& report, const TextOptions& options) {
  Text t(options);
  std::uint64_t calls = 0, violations = 0, waived = 0, notes = 0, signatures = 0;
  for (const auto& r : report.traces) {
    calls += r.calls;
    waived += waived_count(r);
    violations += r.violation_count;
    signatures += r.signatures.size() - r.waived.size();
    for (const auto& n : r.notes) notes += n.count;
  }
  violations -= waived;
  for (const auto& w : report.unused_waivers)
    t.field(t.paint(Colour::yellow, "waiver:"), 8, w + " covers nothing in these traces");
  std::string counts = violations == 0
                           ? "no violation"
                           : fmt::format("{} of {}", counted(violations, "violation"), counted(signatures, "kind"));
  if (waived != 0) counts += fmt::format(", {} waived", grouped(waived));
  if (notes != 0) counts += fmt::format(", {}", counted(notes, "note"));
  counts += fmt::format(" in {}", counted(calls, "call"));
  if (report.traces.size() != 1) counts += fmt::format(", {}", counted(report.traces.size(), "trace"));
  t.line(fmt::format("verdict: {}: {}", t.paint(colour_of(report.verdict), verdict_name(report.verdict)), counts));
  return t.take();
}

} // namespace rmmcheck::checker
