// The report for machines. Keys are promises (docs/usage.md): add some, rename none.
#include <nlohmann/json.hpp>

#include "rmmcheck/checker/print.hpp"

namespace rmmcheck::checker {

const char* version() { return RMMCHECK_VERSION; }

namespace {

using nlohmann::ordered_json;

std::string dump(const ordered_json& j) { return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n"; }

ordered_json named(const std::vector<std::pair<std::string, std::string>>& values) {
  ordered_json out = ordered_json::object();
  for (const auto& [name, value] : values) out[name] = value;
  return out;
}

ordered_json index_of(std::int64_t index) { return index < 0 ? ordered_json(nullptr) : ordered_json(index); }

ordered_json allowed_json(const std::vector<Allowed>& allowed) {
  ordered_json out = ordered_json::array();
  for (const auto& a : allowed) {
    ordered_json j{{"status", a.status}, {"condition", a.condition}, {"section", a.section}};
    if (a.index >= 0) j["index"] = a.index;
    if (!a.outputs.empty()) j["out"] = named(a.outputs);
    out.push_back(std::move(j));
  }
  return out;
}

ordered_json violation_json(const Violation& v) {
  ordered_json j{{"seq", v.seq}, {"line", v.line}, {"call", v.call}};
  j["inputs"] = named(v.inputs);
  j["observed"] = {{"status", v.observed_status}, {"index", index_of(v.observed_index)}, {"out", named(v.outputs)}};
  j["allowed"] = allowed_json(v.allowed);
  j["rule"] = v.rule;
  j["section"] = v.section;
  j["signature"] = v.signature;
  j["sentence"] = v.sentence;
  j["decided_by"] = ordered_json::array();
  for (const auto& d : v.decided_by) j["decided_by"].push_back({{"text", d.text}, {"value", d.value}});
  j["caused_by"] = v.caused_by;
  if (!v.waived.empty()) j["waived"] = v.waived;
  return j;
}

ordered_json trace_json(const TraceReport& r) {
  ordered_json j{{"path", r.path}, {"format", r.format}, {"verdict", verdict_name(r.verdict)}};
  j["error"] = r.error.empty() ? ordered_json(nullptr) : ordered_json(r.error);
  j["calls"] = r.calls;
  j["unmodelled"] = r.unmodelled;
  j["skipped_lines"] = r.skipped_lines;
  j["with_unknowns"] = r.with_unknowns;
  j["incomplete"] = r.incomplete;
  j["commands"] = r.commands;
  j["notes"] = ordered_json::array();
  for (const auto& n : r.notes)
    j["notes"].push_back(
        {{"amendment", n.amendment}, {"count", n.count}, {"first", {{"seq", n.first_seq}, {"line", n.first_line}}}});
  j["violation_count"] = r.violation_count;
  j["signatures"] = r.signatures;
  j["waived"] = ordered_json::array();
  for (const auto& [signature, reason] : r.waived)
    j["waived"].push_back({{"signature", signature}, {"count", r.signatures.at(signature)}, {"reason", reason}});
  j["violations"] = ordered_json::array();
  for (const auto& v : r.violations) j["violations"].push_back(violation_json(v));
  return j;
}

// --- explanations ---------------------------------------------------------------------------------------------------

ordered_json values_json(const std::vector<Explanation::Value>& values) {
  ordered_json out = ordered_json::array();
  for (const auto& v : values) {
    ordered_json j{{"name", v.name}, {"value", v.value}};
    if (!v.written_by.empty()) j["written_by"] = v.written_by;
    out.push_back(std::move(j));
  }
  return out;
}

ordered_json rows_json(const std::vector<Explanation::Row>& rows, bool failure) {
  ordered_json out = ordered_json::array();
  for (const auto& r : rows) {
    ordered_json j{{"id", r.id}, {"pre", r.pre}, {"post", r.post}, {"value", r.value}};
    if (!r.amendment.empty()) j["amendment"] = r.amendment;
    if (failure) j["result"] = r.result;
    if (failure) j["masked_by"] = r.masked_by;
    j["parts"] = values_json(r.parts);
    out.push_back(std::move(j));
  }
  return out;
}

ordered_json explanation_object(const Explanation& e) {
  ordered_json j{{"seq", e.seq}, {"line", e.line}, {"call", e.call}, {"section", e.section}, {"phase", e.phase}};
  j["verdict"] = verdict_name(e.verdict);
  j["readings"] = e.readings;
  j["observed"] = {{"status", e.observed_status}, {"index", index_of(e.observed_index)}};
  j["allowed"] = allowed_json(e.allowed);
  j["tables"] = ordered_json::array();
  for (const auto& t : e.tables) {
    ordered_json o{{"name", t.name}, {"section", t.section}};
    o["inputs"] = values_json(t.inputs);
    o["outputs"] = values_json(t.outputs);
    o["context"] = values_json(t.context);
    o["failures"] = rows_json(t.failures, true);
    o["equations"] = {{"kind", t.kind}, {"not_evaluated", t.not_evaluated}, {"rows", rows_json(t.equations, false)}};
    j["tables"].push_back(std::move(o));
  }
  j["walks"] = ordered_json::array();
  for (const auto& w : e.walks) {
    ordered_json o{
        {"rd", w.rd}, {"ipa", w.ipa}, {"level", w.level}, {"stopped", w.stopped}, {"steps", ordered_json::array()}};
    for (const auto& s : w.steps)
      o["steps"].push_back({{"level", s.level},
                            {"table", s.table},
                            {"index", s.index},
                            {"state", s.state},
                            {"ripas", s.ripas},
                            {"addr", s.addr},
                            {"written_by", s.written_by}});
    j["walks"].push_back(std::move(o));
  }
  j["cells"] = ordered_json::array();
  for (const auto& c : e.cells)
    j["cells"].push_back({{"name", c.name}, {"before", c.before}, {"after", c.after}, {"written_by", c.written_by}});
  j["violations"] = ordered_json::array();
  for (const auto& v : e.violations) j["violations"].push_back(violation_json(v));
  return j;
}

} // namespace

std::string report_json(const Report& report) {
  ordered_json j{{"tool", "rmmcheck"}, {"version", version()}, {"spec", report.spec}};
  j["amendments"] = report.amendments;
  j["traces"] = ordered_json::array();
  for (const auto& t : report.traces) j["traces"].push_back(trace_json(t));
  j["unused_waivers"] = report.unused_waivers;
  j["verdict"] = verdict_name(report.verdict);
  return dump(j);
}

std::string explanation_json(const Explanation& explanation, const Explanation* exit) {
  ordered_json j = explanation_object(explanation);
  if (exit != nullptr) j["exit"] = explanation_object(*exit);
  return dump(j);
}

} // namespace rmmcheck::checker
