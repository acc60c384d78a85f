// Explaining looks, and touches nothing: a trace that is explained call by call gives the same report.
#include <catch2/catch.hpp>

#include <memory>

#include "rmmcheck/checker/checker.hpp"
#include "rmmcheck/traces/reader.hpp"

using namespace rmmcheck;
using checker::Checker;
using checker::Explanation;

namespace {

std::shared_ptr<const model::Spec> spec() {
  static const auto loaded = model::Spec::load(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0");
  REQUIRE(loaded.ok());
  return loaded.value();
}

std::unique_ptr<traces::Reader> open(const std::string& name) {
  const std::string path = RMMCHECK_SOURCE_DIR "/traces/recorded/" + name;
  auto source = traces::open_source(path);
  REQUIRE(source.ok());
  auto reader = traces::open_reader(std::move(source.value()), path, traces::Format::automatic);
  REQUIRE(reader.ok());
  return std::move(reader.value());
}

template <class F>
void each_call(const std::string& name, F f) {
  const auto reader = open(name);
  traces::Call call;
  while (reader->next(call) == traces::Next::call) f(call);
}

} // namespace

TEST_CASE("explaining a call changes nothing that follows") {
  // Every n-th call: each explanation compares half a million Granules.
  struct Part {
    const char* name;
    int every;
  };
  const auto part = GENERATE(Part{"lifecycle-1.jsonl", 2}, Part{"boot-basic.jsonl", 1}, Part{"negative-1.jsonl", 23},
                             Part{"broken-data-destroy.jsonl", 61});
  INFO(part.name);
  const auto header = open(part.name)->header();
  Checker plain(spec(), header), explained(spec(), header);
  int n = 0;
  each_call(part.name, [&](const traces::Call& c) {
    plain.call(c);
    if (n++ % part.every != 0) {
      explained.call(c);
      return;
    }
    const Explanation e = explained.explain(c);
    CHECK(e.seq == c.seq);
    for (const auto& t : e.tables)
      for (const auto& row : t.equations) {
        INFO(t.name << "/" << row.id << " of call " << c.seq);
        // What conforms to the text makes its equations true.
        if (e.verdict == checker::Verdict::conforming && e.readings.empty()) CHECK(row.value != "does not hold");
      }
  });
  const auto &a = plain.finish(), &b = explained.finish();
  CHECK(a.calls == b.calls);
  CHECK(a.signatures == b.signatures);
  CHECK(a.with_unknowns == b.with_unknowns);
  REQUIRE(a.notes.size() == b.notes.size());
  for (std::size_t i = 0; i < a.notes.size(); ++i) CHECK(a.notes[i].count == b.notes[i].count);
  REQUIRE(a.violations.size() == b.violations.size());
  for (std::size_t i = 0; i < a.violations.size(); ++i) {
    CHECK(a.violations[i].seq == b.violations[i].seq);
    CHECK(a.violations[i].caused_by == b.violations[i].caused_by);
  }
}

TEST_CASE("an explanation says what a command did") {
  const auto header = open("lifecycle-1.jsonl")->header();
  Checker checker(spec(), header);
  each_call("lifecycle-1.jsonl", [&](const traces::Call& c) {
    const auto* command = spec()->find_fid(c.fid);
    if (command == nullptr || command->decl.name != "RMI_RTT_CREATE" || c.out[0] != 0) {
      checker.call(c);
      return;
    }
    const Explanation e = checker.explain(c);
    REQUIRE(e.walks.size() == 1);
    CHECK(!e.walks[0].steps.empty());
    // The Granule of the table, the parent entry, and the table's entries as runs.
    CHECK(e.cells.size() >= 4);
    CHECK(e.cells.size() < 16);
    REQUIRE(!e.allowed.empty());
    CHECK(e.allowed.back().status == "RMI_SUCCESS");
  });
}
