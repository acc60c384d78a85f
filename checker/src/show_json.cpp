#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "describe.hpp"
#include "show.hpp"

namespace rmmcheck::checker {

using namespace model;

namespace {

using nlohmann::ordered_json;

ordered_json registers(const std::vector<RegisterDecl>& rows) {
  ordered_json out = ordered_json::array();
  for (const auto& r : rows)
    out.push_back({{"name", r.name},
                   {"reg", fmt::format("X{}", r.reg)},
                   {"bits", fmt::format("{}:{}", r.bits.high, r.bits.low)},
                   {"type", r.type}});
  return out;
}

std::string text_of(const Condition& c) { return c.post ? c.post->source : c.prose; }

void amended(ordered_json& row, const std::string& amendment) {
  if (!amendment.empty()) row["amendment"] = amendment;
}

ordered_json conditions(const std::vector<Condition>& rows) {
  ordered_json out = ordered_json::array();
  for (const auto& c : rows) {
    ordered_json row{{"id", c.id}, {"text", text_of(c)}};
    if (c.pre) row["pre"] = c.pre->source;
    amended(row, c.amendment);
    out.push_back(std::move(row));
  }
  return out;
}

ordered_json command_json(const Spec& spec, const Command& command) {
  const CommandDecl& d = command.decl;
  ordered_json j{{"section", d.section}};
  if (!d.event) j["fid"] = fid_text(d.fid);
  j["inputs"] = registers(d.inputs);
  j["outputs"] = registers(d.outputs);
  j["context"] = ordered_json::array();
  for (const auto& c : d.context) {
    ordered_json row{{"name", c.name}, {"type", c.type}, {"before", c.before}, {"denotes", c.value->source}};
    amended(row, context_amendment(spec, command, c.name));
    j["context"].push_back(std::move(row));
  }
  j["failures"] = ordered_json::array();
  for (std::size_t i = 0; i < d.failure.size(); ++i) {
    const Condition& f = d.failure[i];
    ordered_json row{{"id", f.id}, {"status", spec.enumerator(status_type(command), command.failures[i].status)}};
    // An expression as text, a plain number as a number.
    if (const Expr* index = result_index(f))
      row["index"] = index->kind == Expr::Kind::number ? ordered_json(index->number) : ordered_json(index->source);
    row["pre"] = f.pre->source;
    row["post"] = text_of(f);
    amended(row, f.amendment);
    j["failures"].push_back(std::move(row));
  }
  j["order_groups"] = ordered_json::array();
  for (const auto& o : d.ordering) j["order_groups"].push_back({{"before", o.before}, {"after", o.after}});
  j["order_pairs"] = order_pairs(d);
  j["success"] = conditions(d.success);
  j["footprint"] = ordered_json::array();
  for (const auto& c : d.footprint) {
    ordered_json row{{"id", c.id}, {"item", text_of(c)}};
    amended(row, c.amendment);
    j["footprint"].push_back(std::move(row));
  }
  j["request"] = conditions(d.request);
  return j;
}

} // namespace

std::string spec_json(const Spec& spec, const Command* only) {
  ordered_json j{{"spec", spec.name()}, {"title", spec.title()}};
  j["amendments"] = ordered_json::array();
  for (const auto& a : spec.amendments())
    j["amendments"].push_back(
        {{"name", a.name}, {"kind", kind_name(a.kind)}, {"section", a.section}, {"reason", a.reason}});
  j["commands"] = ordered_json::object();
  j["events"] = ordered_json::object();
  for (const auto& c : spec.commands())
    if (only == nullptr || only == c.get())
      j[c->decl.event ? "events" : "commands"][c->decl.name] = command_json(spec, *c);
  return j.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

} // namespace rmmcheck::checker
