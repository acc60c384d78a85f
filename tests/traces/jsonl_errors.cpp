// Everything that makes a JSONL trace unreadable, and the sentence it earns.
#include <catch2/catch.hpp>

#include "support.hpp"

using namespace rmmcheck;
using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;

namespace {

/// The message about `text`, with its place.
std::string message(const std::string& text, Format format = Format::automatic) {
  const Trace trace = drain(text, format);
  return trace.ok ? "no error" : trace.error.to_string();
}

/// The message about one record, which stands in line 2; without the place.
std::string complaint(const std::string& text) {
  const Trace trace = record(text);
  INFO(text);
  REQUIRE_FALSE(trace.ok);
  CHECK(trace.error.file == "t");
  CHECK(trace.error.line == 2);
  return trace.error.message;
}

const std::string version = R"({"seq":1,"call":"RMI_VERSION"})";

} // namespace

TEST_CASE("errors of the header") {
  CHECK_THAT(message(version), Contains("t:1: the header is missing"));
  CHECK_THAT(message("{\"note\":\"x\"}\n" + header_line), Contains("t:1: the header is missing"));
  CHECK_THAT(message(R"({"type":"header"})"), Equals("t:1: the header has no \"format\": it must be \"rmi-trace\""));
  CHECK_THAT(message(R"({"type":"header","format":null})"), Contains("has no \"format\""));
  CHECK_THAT(message(R"({"type":"header","format":"other"})"),
             Equals("t:1: the header's \"format\" is \"other\"; only \"rmi-trace\" can be read"));
  CHECK_THAT(message(header_line + header_line), Contains("t:2: there is a second header"));
  CHECK_THAT(message(header_line + version + "\n" + header_line), Contains("t:3: there is a second header"));

  const auto with = [](const std::string& field) {
    return message(R"({"type":"header","format":"rmi-trace",)" + field + "}");
  };
  CHECK_THAT(with(R"("tag":5)"), Equals("t:1: in the header, \"tag\": 5 is no string"));
  CHECK_THAT(with(R"("cpus":"many")"), Equals("t:1: in the header, \"cpus\": \"many\" is no number of 64 bits"));
  CHECK_THAT(with(R"("granule_size":65536)"), Contains("Granules have 4096 bytes"));
  CHECK_THAT(with(R"("rmi_version":"1.0")"), Contains("\"rmi_version\": \"1.0\" is no {"));
  CHECK_THAT(with(R"("rmi_version":{"lower":-1})"), Contains("\"lower\": -1 is no number"));
  CHECK_THAT(with(R"("delegable":{})"), Contains("\"delegable\": {} is no list"));
  CHECK_THAT(with(R"("delegable":[{"base":"0x1000"}])"), Contains("is no {\"base\":.., \"count\":..}"));
  CHECK_THAT(with(R"("delegable":[{"base":"0x1001","count":1}])"), Contains("does not start at a Granule"));
  CHECK_THAT(with(R"("delegable":[{"base":"0xfffffffffffff000","count":2}])"), Contains("passes the end of memory"));
}

TEST_CASE("lines that are no JSON") {
  CHECK_THAT(complaint("SMC_RMI_VERSION 10000 > RMI_SUCCESS"), Equals("the line is not JSON"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION",})"), Equals("the line is not JSON"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION"}})"), Equals("the line is not JSON"));
  CHECK_THAT(complaint(version + version), Equals("the line is not JSON"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","other":[1 2]})"), Equals("the line is not JSON"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","other":tru})"), Equals("the line is not JSON"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION)"), Contains("a string is not closed"));
  CHECK_THAT(complaint("{\"seq\":1,\"call\":\"RMI\x01VERSION\"}"), Contains("a control character"));
  CHECK_THAT(complaint(R"({"seq":01,"call":"RMI_VERSION"})"), Contains("a number is malformed"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","in":[0x1]})"), Contains("a number is malformed"));
  CHECK_THAT(complaint(R"({"seq":18446744073709551616,"call":"RMI_VERSION"})"), Contains("does not fit 64 bits"));
  CHECK_THAT(complaint("[1]"), Contains("is JSON, but no object"));
  CHECK_THAT(complaint("17"), Contains("is JSON, but no object"));
  CHECK_THAT(complaint("\"text\""), Contains("is JSON, but no object"));
  CHECK_THAT(complaint("{\"seq\":1,\"call\":\"RMI_VERSION\",\"a\":\"\xC3\x28\"}"), Contains("not valid UTF-8"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","a":)" + std::string(2000, '[') + std::string(2000, ']') + "}"),
             Contains("nested too deeply"));
}

TEST_CASE("a file that was cut") {
  const std::string record =
      R"({"seq":1,"cpu":0,"call":"RMI_VERSION","fid":"0xc4000150","in":["0x10000","0x0","0x0","0x0","0x0","0x0"],"out":["0x0","0x10000","0x10000","0x0","0x0"]})";
  CHECK(drain(header_line + record).ok);
  for (std::size_t length = 1; length < record.size(); ++length) {
    INFO(record.substr(0, length));
    CHECK_THAT(message(header_line + record.substr(0, length)),
               Contains("t:2: the file is cut in the middle of this line"));
  }
  CHECK_THAT(message(header_line.substr(0, 20)), Contains("t:1: the file is cut in the middle"));
  // With a newline behind it, or closed, the line is wrong in itself.
  CHECK_THAT(message(header_line + record.substr(0, 50) + "\n"), Contains("t:2: the line is not JSON"));
  CHECK_THAT(message(header_line + R"({"seq":1 "call":"RMI_VERSION"})"), Equals("t:2: the line is not JSON"));
}

TEST_CASE("records without what they need") {
  CHECK_THAT(complaint("{}"), Equals("the record has no \"seq\" and no \"call\""));
  CHECK_THAT(complaint(R"({"call":"RMI_VERSION"})"), Equals("the record has no \"seq\""));
  CHECK_THAT(complaint(R"({"seq":null,"call":"RMI_VERSION"})"), Equals("the record has no \"seq\""));
  CHECK_THAT(complaint(R"({"seq":1})"), Equals("the record has no \"call\": it must name the command"));
  CHECK_THAT(complaint(R"({"type":"call","seq":1})"), Equals("the record has no \"call\": it must name the command"));
  CHECK_THAT(complaint(R"({"seq":1,"call":null,"fid":"0xc4000150"})"), Contains("has no \"call\""));
  CHECK_THAT(complaint(R"({"type":"event","seq":1})"),
             Equals("the record's \"type\" is \"event\"; known are \"header\", \"call\" and \"note\""));
  CHECK_THAT(complaint(R"({"type":1,"seq":1})"), Contains("\"type\" is 1"));
  CHECK_THAT(complaint(R"({"seq":1,"seq":2,"call":"RMI_VERSION"})"), Equals("the record has \"seq\" twice"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","out":null,"out":["0x0"]})"),
             Equals("the record has \"out\" twice"));
}

TEST_CASE("names and function identifiers that do not fit") {
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_FOO","fid":"0xc4000156"})"),
             Equals("unknown function identifier 0xc4000156 (\"RMI_FOO\")"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_FOO"})"), Equals("unknown call \"RMI_FOO\""));
  CHECK_THAT(complaint(R"({"seq":1,"call":""})"), Equals("unknown call \"\""));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","fid":"0xc4000151"})"),
             Equals("the function identifier 0xc4000151 is RMI_GRANULE_DELEGATE, but \"call\" is \"RMI_VERSION\""));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_FOO","fid":"0xc4000151"})"),
             Equals("the function identifier 0xc4000151 is RMI_GRANULE_DELEGATE, but \"call\" is \"RMI_FOO\""));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","fid":"0x1"})"),
             Equals("\"call\" is RMI_VERSION, whose function identifier is 0xc4000150, but \"fid\" is 0x1"));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RMI_VERSION","fid":"0x1c4000150"})"), Contains("it must fit 32 bits"));
  CHECK_THAT(complaint(R"({"seq":1,"call":7})"), Contains("\"call\" is 7: it must be a name"));
}

TEST_CASE("bad registers and fields") {
  const auto with = [](const std::string& field) {
    return complaint(R"({"seq":1,"call":"RMI_VERSION",)" + field + "}");
  };
  CHECK_THAT(with(R"("in":["0x0","0xg"])"), Contains("\"in\" has \"0xg\" as its register 1: it must be"));
  for (const char* bad : {"\"0x\"", "\"\"", "\"x\"", "\"0X1\"", "\"0x12345678123456781\"", "\" 0x1\"", "\"0x1 \"", "-1",
                          "1.0", "true", "[]", "{}", "\"18446744073709551616\"", "\"0x-1\"", "\"-1\""})
    CHECK_THAT(with(std::string(R"("out":[)") + bad + "]"), Contains("as its register 0"));
  CHECK_THAT(with(R"("in":["0x0","0x0","0x0","0x0","0x0","0x0","0x0"])"), Equals("\"in\" has more than 6 registers"));
  CHECK_THAT(with(R"("out":[0,0,0,0,0,0])"), Equals("\"out\" has more than 5 registers"));
  CHECK_THAT(with(R"("in":"0x0")"), Contains("\"in\" is \"0x0\": it must be a list"));
  CHECK_THAT(with(R"("out":{})"), Contains("\"out\" is {}: it must be a list"));
  CHECK_THAT(with(R"("cpu":-1)"), Contains("\"cpu\" is -1"));
  CHECK_THAT(with(R"("cpu":4294967296)"), Contains("it must fit 32 bits"));
  CHECK_THAT(with(R"("t0":1)"), Equals("the record has only one of \"t0\" and \"t1\""));
  CHECK_THAT(with(R"("t0":2,"t1":1)"), Contains("ends before it starts"));
  CHECK_THAT(with(R"("phase":"complete")"), Contains("an RMI call has no \"phase\""));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RSI_VERSION","phase":"done"})"),
             Equals("\"phase\" is \"done\"; known are \"complete\", \"pending\" and \"return\""));
  CHECK_THAT(complaint(R"({"seq":1,"call":"RSI_VERSION","phase":1})"), Contains("\"phase\" is 1"));
  // What is quoted is kept short.
  CHECK(with(R"("in":")" + std::string(5000, 'x') + "\"").size() < 200);
}

TEST_CASE("bad decoded structures") {
  const auto with = [](const char* call, const std::string& params) {
    return complaint(std::string(R"({"seq":1,"call":")") + call + R"(","params":)" + params + "}");
  };
  CHECK_THAT(with("RMI_REALM_CREATE", "[]"), Contains("\"params\" is []: it must be an object"));
  CHECK_THAT(with("RMI_REALM_CREATE", R"({"s2sz":-1})"), Contains("\"params.s2sz\" is -1"));
  CHECK_THAT(with("RMI_REALM_CREATE", R"({"flags":1,"flags":2})"), Contains("\"params.flags\" twice"));
  CHECK_THAT(with("RMI_REC_CREATE", R"({"aux":"0x0"})"), Contains("\"params.aux\" is \"0x0\": it must be a list"));
  CHECK_THAT(with("RMI_REC_CREATE", R"({"aux":[0,0,"0xz"]})"), Contains("\"params.aux[2]\" is \"0xz\""));
  CHECK_THAT(with("RMI_REC_CREATE", R"({"aux":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]})"),
             Contains("more than 16 entries"));
  CHECK_THAT(with("RMI_REC_ENTER", R"({"enter":7})"), Contains("\"params.enter\" is 7: it must be an object"));
  CHECK_THAT(with("RMI_REC_ENTER", R"({"exit":{"esr":"0x"}})"), Contains("\"params.exit.esr\" is \"0x\""));
}

TEST_CASE("the order of records") {
  const auto rmi = [](int seq) { return R"({"seq":)" + std::to_string(seq) + R"(,"call":"RMI_VERSION"})" + "\n"; };
  const auto rsi = [](int seq, int parent) {
    return R"({"seq":)" + std::to_string(seq) + R"(,"parent":)" + std::to_string(parent) + R"(,"call":"RSI_VERSION"})" +
           "\n";
  };
  CHECK_THAT(message(header_line + rmi(0)), Contains("t:2: \"seq\" is 0"));
  CHECK_THAT(message(header_line + rmi(4) + rmi(4)), Equals("t:3: \"seq\" 4 is used twice"));
  CHECK_THAT(message(header_line + rmi(4) + rmi(3)), Contains("t:3: \"seq\" 3 comes after 4"));
  CHECK(drain(header_line + rmi(4) + rmi(40)).ok);

  // A Realm's calls stand behind their RMI_REC_ENTER, ahead of other CPUs' lower numbers.
  CHECK(drain(header_line + rmi(1) + rsi(3, 1) + rsi(6, 1) + rmi(2) + rmi(4) + rsi(5, 4) + rmi(7)).ok);
  CHECK_THAT(message(header_line + rmi(1) + rsi(3, 1) + rmi(2) + rmi(3)), Equals("t:5: \"seq\" 3 is used twice"));
  CHECK_THAT(message(header_line + rmi(1) + rsi(3, 1) + rsi(3, 1)), Equals("t:4: \"seq\" 3 is used twice"));
  CHECK_THAT(message(header_line + rmi(1) + rsi(4, 1) + rsi(3, 1)), Contains("t:4: \"seq\" 3 comes after 4"));
  CHECK_THAT(message(header_line + rmi(2) + rsi(1, 2)), Contains("t:3: \"seq\" 1 comes after 2"));
  CHECK_THAT(message(header_line + rmi(1) + rsi(5, 1) + rmi(2) + rsi(5, 2)), Contains("t:5: \"seq\" 5 is used twice"));
  CHECK_THAT(message(header_line + rmi(1) + rmi(3) + rsi(2, 1)), Contains("t:4: \"seq\" 2 comes after 3"));

  SECTION("what has to be remembered is bounded") {
    std::string text = header_line + rmi(1);
    for (int seq = 3; seq < 200000; seq += 2) text += rsi(seq, 1);
    CHECK_THAT(message(text), Contains("numbered ahead"));
    text = header_line + rmi(1); // but numbers without gaps are one run, however many
    for (int seq = 2; seq < 100000; ++seq) text += rsi(seq, 1);
    CHECK(drain(text).ok);
  }
}

TEST_CASE("after an error, nothing more comes") {
  const std::string text = header_line + "{}\n" + version + "\n";
  Result<std::unique_ptr<Reader>> opened = open_reader(memory_source(text), "t", Format::jsonl);
  REQUIRE(opened);
  Call call;
  CHECK(opened.value()->next(call) == Next::error);
  const std::string first = opened.value()->error().to_string();
  CHECK(opened.value()->next(call) == Next::error);
  CHECK(opened.value()->error().to_string() == first);
}
