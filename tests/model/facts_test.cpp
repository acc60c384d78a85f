// The specification as loaded, against what was read from the text by other means: ../shared/spec/rel0-facts.json
// beside the project holds the ids, statuses, orderings, registers and counts of 25 commands. Where that file is
// missing, only the totals are compared.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "rmmcheck/model/spec.hpp"

using namespace rmmcheck;
using namespace rmmcheck::model;
using Json = nlohmann::json;

namespace {

std::shared_ptr<const Spec> literal() {
  LoadOptions options;
  options.literal = true;
  auto spec = Spec::load(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0", options);
  if (!spec) FAIL(spec.error().to_string());
  return spec.value();
}

/// Commands that rel0-facts.json covers: those of the Host, and the two RSI commands about RIPAS.
bool covered(const Command& c) { return c.decl.name.starts_with("RMI_") || c.decl.name.starts_with("RSI_IPA_STATE_"); }

using Pairs = std::set<std::pair<std::string, std::string>>;

Pairs order_pairs(const CommandDecl& d) {
  Pairs out;
  for (const auto& o : d.ordering)
    for (const auto& before : o.before)
      for (const auto& after : o.after) out.emplace(before, after);
  return out;
}

/// `ResultEqual(result, STATUS, index) && output == value ...`, or `result == STATUS`, taken apart.
struct Post {
  std::string status, index;
  std::map<std::string, std::string> outputs;
};

void take_apart(const Expr& e, Post& out) {
  if (e.kind == Expr::Kind::binary && e.name == "&&") {
    take_apart(*e.args[0], out);
    take_apart(*e.args[1], out);
  } else if (e.kind == Expr::Kind::call && e.name == "ResultEqual") {
    out.status = e.args[1]->source;
    out.index = e.args.size() > 2 ? e.args[2]->source : "";
  } else {
    REQUIRE(e.kind == Expr::Kind::binary);
    REQUIRE(e.name == "==");
    if (e.args[0]->source == "result")
      out.status = e.args[1]->source;
    else
      out.outputs[e.args[0]->source] = e.args[1]->source;
  }
}

/// The second argument of ResultEqual as the facts print it; none and zero are the same.
std::string index_of(const Json& failure) {
  if (!failure.contains("index")) return "";
  const Json& i = failure["index"];
  if (i.is_number()) return i.get<int>() == 0 ? "" : std::to_string(i.get<int>());
  const std::string text = i.get<std::string>();
  return text == "level (input)" ? "level" : text;
}

std::string register_text(const std::string& name, const RegisterDecl& r) {
  return fmt::format("{} X{} {}:{} {}", name, r.reg, r.bits.high, r.bits.low, r.type);
}

/// As lists of texts, `skip` (fid, result: implied in a specification file) left out.
std::vector<std::string> registers(const Json& list, const std::string& skip) {
  std::vector<std::string> out;
  for (const auto& r : list) {
    if (r["name"] == skip) continue;
    out.push_back(fmt::format("{} {} {} {}", r["name"].get<std::string>(), r["reg"].get<std::string>(),
                              r["bits"].get<std::string>(), r["type"].get<std::string>()));
  }
  return out;
}
std::vector<std::string> registers(const std::vector<RegisterDecl>& list) {
  std::vector<std::string> out;
  for (const auto& r : list) out.push_back(register_text(r.name, r));
  return out;
}

std::vector<std::string> ids(const Json& list) {
  std::vector<std::string> out;
  for (const auto& x : list) out.push_back(x["id"].get<std::string>());
  return out;
}
std::vector<std::string> ids(const std::vector<Condition>& list) {
  std::vector<std::string> out;
  for (const auto& x : list) out.push_back(x.id);
  return out;
}
std::vector<std::string> sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list;
}

} // namespace

TEST_CASE("the literal specification has as many items as the text", "[facts]") {
  std::size_t commands = 0, failures = 0, pairs = 0, success = 0, footprint = 0, context = 0, before = 0;
  const auto spec = literal();
  for (const auto& c : spec->commands()) {
    if (!covered(*c)) continue;
    ++commands;
    failures += c->decl.failure.size();
    pairs += order_pairs(c->decl).size();
    success += c->decl.success.size();
    footprint += c->decl.footprint.size();
    context += c->decl.context.size();
    for (const auto& x : c->decl.context) before += x.before ? 1 : 0;
  }
  CHECK(commands == 25);
  CHECK(failures == 196);
  CHECK(pairs == 135);
  CHECK(success == 107);
  CHECK(footprint == 40);
  CHECK(context == 51);
  CHECK(before == 14);
}

TEST_CASE("every literal command is as the text has it, item by item", "[facts]") {
  const std::filesystem::path path = std::filesystem::path(RMMCHECK_SOURCE_DIR) / "../shared/spec/rel0-facts.json";
  std::ifstream in(path);
  if (!in) {
    WARN("skipped: " << path.string() << " is not there");
    return;
  }
  const Json facts = Json::parse(in);
  const auto spec = literal();
  std::size_t compared = 0;
  for (const auto& [name, fact] : facts["commands"].items()) {
    INFO(name);
    const Command* command = spec->find(name);
    REQUIRE(command != nullptr);
    const CommandDecl& d = command->decl;
    ++compared;

    CHECK(d.section == fact["section"].get<std::string>());
    CHECK(d.fid == std::stoul(fact["fid"].get<std::string>(), nullptr, 16));
    CHECK(registers(d.inputs) == registers(fact["inputs"], "fid"));
    CHECK(registers(d.outputs) == registers(fact["outputs"], "result"));

    std::vector<std::string> context, expected;
    for (const auto& x : d.context) context.push_back(fmt::format("{} {} {}", x.name, x.type, x.before));
    for (const auto& x : fact["context"])
      expected.push_back(
          fmt::format("{} {} {}", x["name"].get<std::string>(), x["type"].get<std::string>(), x["before"].get<bool>()));
    CHECK(context == expected);

    CHECK(sorted(ids(d.failure)) == sorted(ids(fact["failures"])));
    for (const auto& f : fact["failures"]) {
      const std::string id = f["id"].get<std::string>();
      INFO(id);
      const auto it = std::find_if(d.failure.begin(), d.failure.end(), [&](const Condition& c) { return c.id == id; });
      REQUIRE(it != d.failure.end());
      Post post;
      take_apart(*it->post, post);
      CHECK(post.status == f["status"].get<std::string>());
      CHECK((post.index == "0" ? "" : post.index) == index_of(f));
      std::map<std::string, std::string> outputs;
      if (f.contains("also_fixes"))
        for (const auto& [output, value] : f["also_fixes"].items()) outputs[output] = value.get<std::string>();
      CHECK(post.outputs == outputs);
      // The compiled condition says the same as the declaration.
      const FailureCode& code = command->failures[static_cast<std::size_t>(it - d.failure.begin())];
      CHECK(code.status == spec->value(post.status));
      CHECK(code.outputs.size() == outputs.size());
      CHECK((code.index == no_node) == post.index.empty());
    }

    Pairs pairs;
    for (const auto& p : fact["order_pairs"]) pairs.emplace(p[0].get<std::string>(), p[1].get<std::string>());
    CHECK(order_pairs(d) == pairs);
    Pairs compiled;
    for (std::size_t i = 0; i < command->failures.size(); ++i)
      for (std::size_t k = 0; k < command->failures.size(); ++k)
        if ((command->failures[i].predecessors >> k & 1U) != 0) compiled.emplace(d.failure[k].id, d.failure[i].id);
    CHECK(compiled == pairs);

    CHECK(ids(d.success) == ids(fact["success"]));
    CHECK(ids(d.footprint) == ids(fact["footprint"]));
    for (std::size_t i = 0; i < d.footprint.size(); ++i) {
      // Items that the facts describe in words are left to the reader.
      const std::string item = fact["footprint"][i]["item"].get<std::string>();
      if (item.find(" - ") == std::string::npos && !item.starts_with("states of"))
        CHECK(d.footprint[i].post->source == item);
    }
  }
  CHECK(compared == 25);
  std::size_t own = 0;
  for (const auto& c : spec->commands()) own += covered(*c) ? 1 : 0;
  CHECK(own == compared);

  const Json& totals = facts["totals"];
  CHECK(totals["failures"] == 196);
  CHECK(totals["order_pairs"] == 135);
  CHECK(totals["success"] == 107);
  CHECK(totals["footprint"] == 40);
  CHECK(totals["context"] == 51);
}

TEST_CASE("status codes and state encodings are those of the text", "[facts]") {
  const auto spec = literal();
  const auto values = [&](const std::string& type) {
    std::map<std::string, std::uint64_t> out;
    const EnumDecl* e = spec->enumeration(type);
    REQUIRE(e != nullptr);
    for (const auto& [name, value] : e->values) out[name] = value;
    return out;
  };
  using Values = std::map<std::string, std::uint64_t>;
  CHECK(values("RmiStatusCode") == Values{{"RMI_SUCCESS", 0},
                                          {"RMI_ERROR_INPUT", 1},
                                          {"RMI_ERROR_REALM", 2},
                                          {"RMI_ERROR_REC", 3},
                                          {"RMI_ERROR_RTT", 4}});
  CHECK(values("RmiRttEntryState") == Values{{"RMI_UNASSIGNED", 0}, {"RMI_ASSIGNED", 1}, {"RMI_TABLE", 2}});
  CHECK(values("RmiRipas") == Values{{"RMI_EMPTY", 0}, {"RMI_RAM", 1}, {"RMI_DESTROYED", 2}});
  CHECK(values("RsiRipas") == Values{{"RSI_EMPTY", 0}, {"RSI_RAM", 1}, {"RSI_DESTROYED", 2}, {"RSI_DEV", 3}});
  CHECK(values("RsiCommandReturnCode") == Values{{"RSI_SUCCESS", 0},
                                                 {"RSI_ERROR_INPUT", 1},
                                                 {"RSI_ERROR_STATE", 2},
                                                 {"RSI_INCOMPLETE", 3},
                                                 {"RSI_ERROR_UNKNOWN", 4}});
  CHECK(values("RmiResponse") == Values{{"RMI_ACCEPT", 0}, {"RMI_REJECT", 1}});
  CHECK(values("RsiResponse") == Values{{"RSI_ACCEPT", 0}, {"RSI_REJECT", 1}});
}
