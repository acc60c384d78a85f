// The literal specification as loaded, against the facts that were taken from the text independently (rel0-facts.json).
#include <catch2/catch.hpp>

#include <nlohmann/json.hpp>

#include "program.hpp"

using namespace rmmcheck::checker::test;
using nlohmann::json;

namespace {

// The facts list the function identifier as an input and the result as an output.
json without(const json& registers, const std::string& name) {
  json out = json::array();
  for (const auto& r : registers)
    if (r["name"] != name) out.push_back(r);
  return out;
}
json only(const json& rows, const std::vector<std::string>& keys) {
  json out = json::array();
  for (const auto& row : rows) {
    json o;
    for (const auto& key : keys)
      if (row.contains(key)) o[key] = row[key];
    out.push_back(o);
  }
  return out;
}
json sorted(json pairs) {
  std::sort(pairs.begin(), pairs.end());
  return pairs;
}

} // namespace

TEST_CASE("show --literal --json agrees with the facts of the text") {
  const json facts = json::parse(contents(RMMCHECK_SOURCE_DIR "/tests/checker/rel0-facts.json"));
  const Ran ran = shell("rmmcheck show --literal --json -");
  REQUIRE(ran.code == 0);
  const json shown = json::parse(ran.out);
  CHECK(shown["spec"] == "rmm-1.0-rel0");
  CHECK(shown["amendments"].empty());
  std::size_t failures = 0, pairs = 0, successes = 0, items = 0;
  for (const auto& [name, fact] : facts["commands"].items()) {
    INFO(name);
    REQUIRE(shown["commands"].contains(name));
    const json& c = shown["commands"][name];
    CHECK(c["section"] == fact["section"]);
    CHECK(c["fid"] == fact["fid"]);
    CHECK(c["inputs"] == without(fact["inputs"], "fid"));
    CHECK(c["outputs"] == without(fact["outputs"], "result"));
    CHECK(only(c["context"], {"name", "type", "before"}) == only(fact["context"], {"name", "type", "before"}));
    json expected = only(fact["failures"], {"id", "status", "index"});
    for (auto& row : expected)
      if (row.contains("index") && row["index"] == "level (input)")
        row["index"] = "level"; // the facts say where it is from
    CHECK(only(c["failures"], {"id", "status", "index"}) == expected);
    CHECK(c["order_groups"] == only(fact["order_groups"], {"before", "after"}));
    CHECK(sorted(c["order_pairs"]) == sorted(fact["order_pairs"]));
    CHECK(only(c["success"], {"id"}) == only(fact["success"], {"id"}));
    CHECK(only(c["footprint"], {"id"}) == only(fact["footprint"], {"id"}));
    failures += c["failures"].size();
    pairs += c["order_pairs"].size();
    successes += c["success"].size();
    items += c["footprint"].size();
  }
  CHECK(failures == facts["totals"]["failures"]);
  CHECK(pairs == facts["totals"]["order_pairs"]);
  CHECK(successes == facts["totals"]["success"]);
  CHECK(items == facts["totals"]["footprint"]);
}

TEST_CASE("rows that an amendment put there are marked") {
  const json shown = json::parse(shell("rmmcheck show --json - RMI_DATA_DESTROY").out);
  const json& c = shown["commands"]["RMI_DATA_DESTROY"];
  CHECK(shown["commands"].size() == 1);
  std::size_t marked = 0;
  for (const char* part : {"context", "failures", "success", "footprint"})
    for (const auto& row : c[part]) marked += row.contains("amendment") ? 1U : 0U;
  CHECK(marked >= 8);
  for (const auto& a : shown["amendments"]) {
    CHECK(!a["reason"].get<std::string>().empty());
    CHECK((a["kind"] == "reading" || a["kind"] == "completes"));
  }
  const json less = json::parse(shell("rmmcheck show --json - --without data_destroy_before RMI_DATA_DESTROY").out);
  CHECK(less["amendments"].size() + 1 == shown["amendments"].size());
}
