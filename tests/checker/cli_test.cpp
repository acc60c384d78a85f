// The command line where text alone does not show it: files that are written, streams, signals, keys that are promised.
#include <catch2/catch.hpp>

#include <set>

#include <nlohmann/json.hpp>

#include "program.hpp"

using namespace rmmcheck::checker::test;
using nlohmann::json;

namespace {

const std::string broken = "traces/recorded/broken-data-destroy.jsonl";
const std::string conforming = "traces/recorded/lifecycle-1.jsonl";
const std::string input = "tests/golden/input/";

std::set<std::string> keys(const json& object) {
  std::set<std::string> out;
  for (const auto& [key, value] : object.items()) out.insert(key);
  return out;
}
void has_keys(const json& object, const std::set<std::string>& wanted) {
  const auto there = keys(object);
  for (const auto& key : wanted) {
    INFO(key << " in " << object.dump());
    CHECK(there.contains(key));
  }
}

} // namespace

TEST_CASE("exit codes") {
  CHECK(shell("rmmcheck check " + conforming).code == 0);
  CHECK(shell("rmmcheck check " + broken).code == 1);
  CHECK(shell("rmmcheck check " + input + "missing.jsonl").code == 2);
  CHECK(shell("rmmcheck check " + input + "no-result.jsonl").code == 3);
  // The worst of several.
  CHECK(shell("rmmcheck check " + conforming + " " + broken).code == 1);
  CHECK(shell("rmmcheck check " + conforming + " " + input + "no-result.jsonl").code == 3);
  CHECK(shell("rmmcheck check " + broken + " " + input + "no-result.jsonl").code == 1);
  CHECK(shell("rmmcheck check " + broken + " " + input + "missing.jsonl").code == 2);
  CHECK(shell("rmmcheck explain " + broken + " --call 1445").code == 1);
  CHECK(shell("rmmcheck explain " + broken + " --call 1444").code == 0);
}

TEST_CASE("the JSON report has every promised key") {
  const Ran ran = shell("rmmcheck check --json - " + broken + " traces/recorded/boot-basic.jsonl");
  CHECK(ran.code == 1);
  CHECK(ran.err.empty());
  const json report = json::parse(ran.out);
  has_keys(report, {"tool", "version", "spec", "amendments", "traces", "verdict"});
  CHECK(report["tool"] == "rmmcheck");
  CHECK(report["spec"] == "rmm-1.0-rel0");
  CHECK(report["verdict"] == "violating");
  REQUIRE(report["traces"].size() == 2);
  for (const auto& trace : report["traces"])
    has_keys(trace, {"path", "format", "verdict", "calls", "skipped_lines", "notes", "violations"});
  const json& trace = report["traces"][0];
  CHECK(trace["path"] == broken);
  CHECK(trace["format"] == "jsonl");
  REQUIRE(trace["violations"].size() == 1);
  const json& violation = trace["violations"][0];
  has_keys(violation, {"seq", "line", "call", "observed", "allowed", "rule", "signature", "caused_by"});
  CHECK(violation["seq"] == 1445);
  CHECK(violation["line"] == 1446);
  CHECK(violation["call"] == "RMI_DATA_DESTROY");
  CHECK(violation["signature"] == "RMI_DATA_DESTROY/data");
  has_keys(violation["observed"], {"status", "index", "out"});
  CHECK(violation["observed"]["out"]["data"] == "0x88421f000");
  REQUIRE(!violation["allowed"].empty());
  has_keys(violation["allowed"][0], {"status", "condition", "section"});
  // The legal outputs are those after the command: the entry that was destroyed is not live any more.
  CHECK(violation["allowed"][0]["out"] == json{{"data", "0x88420f000"}, {"top", "0x80210000"}});
  REQUIRE(!trace["notes"].empty());
  has_keys(trace["notes"][0], {"amendment", "count", "first"});
  has_keys(trace["notes"][0]["first"], {"seq", "line"});
}

TEST_CASE("one fault is one finding") {
  for (const char* field : {R"("0x88420f000","0x80210000")", R"("0x88421f000","0x80211000")"}) {
    const Ran ran = shell("sed '1446s/\"0x88421f000\",\"0x80210000\"/" + std::string(field) + "/' " + broken +
                          " | rmmcheck check --json - -");
    const json trace = json::parse(ran.out)["traces"][0];
    CHECK(trace["violation_count"] == (ran.code == 0 ? 0 : 1));
  }
}

TEST_CASE("reports go to files") {
  const Scratch scratch;
  const Ran ran =
      shell("rmmcheck check --json '" + (scratch / "r.json") + "' --junit '" + (scratch / "r.xml") + "' " + broken);
  CHECK(ran.code == 1);
  CHECK(ran.out.find("verdict: violating") != std::string::npos);
  CHECK(json::parse(contents(scratch / "r.json"))["verdict"] == "violating");
  CHECK(contents(scratch / "r.xml").find("<testsuite ") != std::string::npos);
}

TEST_CASE("reports that cannot be written are an error") {
  for (const char* option : {"--json", "--junit"}) {
    const Ran missing = shell("rmmcheck check " + std::string(option) + " /nonexistent/report " + conforming);
    CHECK(missing.code == 2);
    CHECK(missing.out.empty()); // before any work
    CHECK(missing.err == "rmmcheck: /nonexistent/report: cannot be written: No such file or directory\n");
    CHECK(shell("rmmcheck check " + std::string(option) + " /dev/full " + conforming).code == 2);
  }
  CHECK(shell("rmmcheck check " + conforming + " >/dev/full").code == 2);
  CHECK(shell("rmmcheck check --json - " + conforming + " >/dev/full").code == 2);
  CHECK(shell("rmmcheck show >/dev/full").code == 2);
  CHECK(shell("rmmcheck convert " + conforming + " -o /dev/full").code == 2);
}

TEST_CASE("an output never replaces an input") {
  const Scratch scratch;
  const std::string trace = scratch / "trace.jsonl";
  shell("cp " + conforming + " '" + trace + "'");
  const std::string before = contents(trace);
  CHECK(shell("rmmcheck check --json '" + trace + "' '" + trace + "'").code == 2);
  CHECK(shell("rmmcheck check --junit '" + trace + "' '" + trace + "'").code == 2);
  CHECK(shell("rmmcheck convert -o '" + trace + "' '" + trace + "'").code == 2);
  CHECK(shell("rmmcheck explain --call 1 --json '" + trace + "' '" + trace + "'").code == 2);
  CHECK(contents(trace) == before);
}

TEST_CASE("JUnit is well-formed XML, whatever the names are") {
  const Scratch scratch;
  const std::string odd = scratch / "a<b>&\"c\x01\xff.jsonl";
  shell("cp " + broken + " '" + odd + "'");
  const Ran ran = shell("rmmcheck check --junit '" + (scratch / "r.xml") + "' '" + odd + "' " + input +
                        "truncated.jsonl " + input + "flood.jsonl " + input + "missing.jsonl");
  CHECK(ran.code == 2);
  // An independent parser.
  const Ran parsed = shell("python3 -c 'import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); "
                           "print(r.tag, len(r), *[len(s.findall(\"testcase\")) == int(s.get(\"tests\")) for s in r], "
                           "r.get(\"failures\"), r.get(\"errors\"))' '" +
                           (scratch / "r.xml") + "'");
  CHECK(parsed.out == "testsuites 4 True True True True 4 2\n");
  CHECK(parsed.err.empty());
}

TEST_CASE("a path that is no UTF-8 does not break the JSON") {
  const Ran ran = shell("rmmcheck check --json - \"$(printf 'no\\377such')\"");
  CHECK(ran.code == 2);
  CHECK(json::parse(ran.out)["verdict"] == "input error");
}

TEST_CASE("colour only where it is wanted") {
  const auto coloured = [](const std::string& script) { return shell(script).out.find('\x1b') != std::string::npos; };
  CHECK_FALSE(coloured("rmmcheck check " + broken)); // no terminal
  CHECK(coloured("rmmcheck check --color always " + broken));
  CHECK_FALSE(coloured("rmmcheck check --color never " + broken));
  CHECK_FALSE(coloured("NO_COLOR=1 rmmcheck check " + broken));
}

TEST_CASE("colour and NO_COLOR on a terminal") {
  if (shell("command -v script").code != 0) {
    WARN("not tested: there is no script(1) to make a terminal");
    return;
  }
  const auto on_terminal = [](const std::string& command) {
    return shell("TERM=xterm script -qec '" + command + "' /dev/null").out;
  };
  CHECK(on_terminal("rmmcheck check " + input + "crash.jsonl").find("\x1b[") != std::string::npos);
  CHECK(on_terminal("NO_COLOR=1 rmmcheck check " + input + "crash.jsonl").find("\x1b[") == std::string::npos);
}

TEST_CASE("a stream is reported as it comes, and Ctrl-C stops it") {
  const Scratch scratch;
  const std::string script = R"(cd ')" + scratch.path.string() + R"(' && mkfifo pipe
rmmcheck check - <pipe >out 2>err & pid=$!
exec 3>pipe
head -LINES ')" RMMCHECK_SOURCE_DIR "/" +
                             broken + R"(' >&3
for i in $(seq 200); do grep -q PATTERN out && break; sleep 0.05; done
grep -q PATTERN out && echo seen
kill -INT $pid
wait $pid; echo $?)";
  const auto with = [&](const std::string& lines, const std::string& pattern) {
    std::string s = script;
    s.replace(s.find("LINES"), 5, lines);
    for (std::size_t at; (at = s.find("PATTERN")) != std::string::npos;) s.replace(at, 7, pattern);
    return s;
  };
  SECTION("a violation makes the verdict even when the rest was not checked") {
    const Ran ran = shell(with("n 1500", "RMI_DATA_DESTROY/data"));
    CHECK(ran.out == "seen\n1\n");
    const std::string out = contents(scratch / "out");
    CHECK(out.find("interrupted after 1499 records: what follows was not checked") != std::string::npos);
    CHECK(out.find("verdict: violating: 1 violation of 1 kind") != std::string::npos);
  }
  SECTION("without one it is inconclusive") {
    // Nothing is printed that could be waited for.
    std::string s = with("n 1000", "nothing");
    s.replace(s.find("seq 200"), 7, "seq 20");
    CHECK(shell(s).out == "3\n");
    CHECK(contents(scratch / "out").find("verdict: inconclusive: no violation") != std::string::npos);
  }
  CHECK(contents(scratch / "err").empty());
}

TEST_CASE("what is converted is the same trace") {
  const Scratch scratch;
  const std::string file = scratch / "converted.jsonl";
  for (const char* from : {"traces/recorded/lifecycle-2.jsonl", "traces/recorded/negative-2.jsonl.zst",
                           "traces/recorded/boot-basic.log"}) {
    INFO(from);
    REQUIRE(shell("rmmcheck convert " + std::string(from) + " -o '" + file + "'").code == 0);
    const auto of = [](const std::string& arguments) {
      return json::parse(shell("rmmcheck check --json - " + arguments).out)["traces"][0];
    };
    const json before = of(from), after = of("'" + file + "'");
    for (const char* key : {"verdict", "calls", "signatures", "commands"}) CHECK(before[key] == after[key]);
    // Through pipes on both sides.
    CHECK(shell("rmmcheck convert - -o - < '" + file + "' | cmp - '" + file + "'").code == 0);
  }
}
