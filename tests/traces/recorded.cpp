// The recorded traces: written again they are the same, in any shape they are the same, and the console of a run tells
// of the same calls.
#include <map>
#include <sstream>

#include <catch2/catch.hpp>

#include "corpus.hpp"
#include "support.hpp"

using namespace rmmcheck;
using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;

namespace {

std::string read_all(const std::string& path) {
  Result<std::unique_ptr<ByteSource>> source = open_source(path);
  REQUIRE(source);
  std::string text;
  std::string buffer(65536, '\0');
  for (;;) {
    const Result<std::size_t> got = source.value()->read(buffer.data(), buffer.size());
    REQUIRE(got);
    if (got.value() == 0) return text;
    text.append(buffer, 0, got.value());
  }
}

/// Takes what a Call does not keep out of a record.
std::string without_asserts(const std::string& text) {
  std::istringstream lines(text);
  std::string result;
  for (std::string line; std::getline(lines, line); result += '\n') {
    const std::size_t begin = line.find(",\"soft_assert\":\"");
    if (begin != std::string::npos) line.erase(begin, line.rfind('"') + 1 - begin);
    result += line;
  }
  return result;
}

/// A blank at the beginning of each object: the short cut for lines of the usual shape does not take such lines.
std::string unusual(const std::string& text) {
  std::string result;
  for (const char c : text) {
    result += c;
    if (c == '{') result += ' ';
  }
  return result;
}

/// The order of the console: a Realm's calls before the RMI_REC_ENTER in which they were made, and no record of the
/// moment when the Realm sees the result of a call.
std::vector<Call> in_console_order(const std::vector<Call>& calls) {
  std::vector<Call> result;
  for (std::size_t i = 0; i < calls.size();) {
    const std::size_t outer = i++;
    for (; i < calls.size() && calls[i].phase != Phase::host; ++i)
      if (calls[i].phase != Phase::returned) result.push_back(calls[i]);
    result.push_back(calls[outer]);
  }
  return result;
}

} // namespace

TEST_CASE("recorded traces: written again, they are the same text") {
  for (const auto& path : corpus(".jsonl")) {
    INFO(path.string());
    const std::string text = read_all(path.string());
    const Trace trace = drain(text);
    INFO(trace.error.to_string());
    REQUIRE(trace.ok);
    REQUIRE(trace.format == Format::jsonl);
    CHECK(trace.skipped == 0);
    const std::string again = written(trace.header, trace.calls);
    CHECK((again == without_asserts(text))); // not taken apart by Catch: it would print megabytes
    const Trace second = drain(again);
    CHECK(second.ok);
    CHECK(same(trace.calls, second.calls));
  }
}

TEST_CASE("recorded traces: both ways through the JSONL reader agree") {
  for (const auto& path : corpus(".jsonl")) {
    INFO(path.string());
    const std::string text = read_all(path.string());
    const Trace slow = drain(unusual(text));
    INFO(slow.error.to_string());
    REQUIRE(slow.ok);
    CHECK(same(drain(text).calls, slow.calls));
  }
}

TEST_CASE("recorded traces: the console tells the same") {
  std::size_t compared = 0;
  for (const auto& path : corpus(".log")) {
    std::string name = path.string();
    name.erase(name.rfind(".log"));
    const std::string jsonl = std::filesystem::exists(name + ".jsonl") ? name + ".jsonl" : name + ".jsonl.zst";
    if (!std::filesystem::exists(jsonl)) continue;
    const Trace precise = drain_file(jsonl);
    if (precise.header.cpus != 1) continue; // the console has the order of the ends
    INFO(path.string());
    const Trace console = drain_file(path.string());
    REQUIRE(precise.ok);
    REQUIRE(console.ok);
    REQUIRE(console.format == Format::console);
    const std::vector<Call> expected = in_console_order(precise.calls);
    REQUIRE(console.calls.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const Call& want = expected[i];
      Call got = console.calls[i];
      INFO("line " << got.line << " is record " << want.seq << ", " << command_name(want.fid));
      REQUIRE(got.fid == want.fid);
      for (std::size_t k = 0; k < got.in.size(); ++k)
        if ((got.in_known >> k & 1U) != 0) REQUIRE(got.in[k] == want.in[k]);
      // The console shows this one as incomplete when it makes the REC exit: nothing tells it from one that returned.
      if (command_name(got.fid) == "RSI_ATTESTATION_TOKEN_CONTINUE" && want.phase == Phase::pending) continue;
      REQUIRE(got.phase == want.phase);
      REQUIRE((got.out_known & 1U) == (want.out_known & 1U));
      for (std::size_t k = 0; k < got.out.size(); ++k)
        if ((got.out_known >> k & 1U) != 0) REQUIRE(got.out[k] == want.out[k]);
    }
    ++compared;
  }
  CHECK(compared >= 6);
}

TEST_CASE("the examples in FORMAT.md can be read") {
  const std::string page = contents(RMMCHECK_SOURCE_DIR "/traces/FORMAT.md");
  int examples = 0;
  for (std::size_t begin = 0; (begin = page.find("\n```", begin)) != std::string::npos; ++examples) {
    begin = page.find('\n', begin + 1) + 1;
    const std::size_t end = page.find("```", begin);
    REQUIRE(end != std::string::npos);
    const std::string example = page.substr(begin, end - begin);
    begin = end + 3;
    const Trace trace = drain(example);
    INFO(example << trace.error.to_string());
    CHECK(trace.ok);
    CHECK(trace.calls.size() >= 2);
  }
  CHECK(examples == 3);
}
