// Every recorded trace has a file beside it that says what the checker must find: the verdict, each signature and each
// note with its count. Fewer findings are as wrong as more.
#include <catch2/catch.hpp>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "program.hpp"

using namespace rmmcheck::checker::test;

namespace {

std::string found_in(const std::filesystem::path& trace) {
  const Ran ran = shell("rmmcheck check --json - '" + trace.string() + "'");
  INFO(ran.err);
  const auto report = nlohmann::json::parse(ran.out).at("traces").at(0);
  std::string out = "verdict: " + report.at("verdict").get<std::string>() + "\n";
  for (const auto& [signature, count] : report.at("signatures").items())
    out += "signature: " + signature + " " + count.dump() + "\n";
  for (const auto& note : report.at("notes"))
    out += "note: " + note.at("amendment").get<std::string>() + " " + note.at("count").dump() + "\n";
  return out;
}

} // namespace

TEST_CASE("recorded traces give the verdicts that are written beside them") {
  std::size_t checked = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RMMCHECK_SOURCE_DIR "/traces/recorded")) {
    if (entry.path().extension() != ".expected") continue;
    std::filesystem::path trace = entry.path();
    trace.replace_extension();
    if (!std::filesystem::exists(trace)) trace += ".zst";
    INFO(trace.string());
    REQUIRE(std::filesystem::exists(trace));
    const std::string found = found_in(trace);
    if (updating())
      write_file(entry.path(), found);
    else
      CHECK(found == contents(entry.path()));
    ++checked;
  }
  CHECK(checked >= 8);
}

TEST_CASE("every recorded trace has its expected verdict") {
  for (const auto& entry : std::filesystem::directory_iterator(RMMCHECK_SOURCE_DIR "/traces/recorded")) {
    std::filesystem::path path = entry.path();
    if (path.extension() == ".zst") path.replace_extension();
    if (path.extension() != ".jsonl") continue;
    INFO(path.string());
    CHECK(std::filesystem::exists(path.string() + ".expected"));
  }
}
