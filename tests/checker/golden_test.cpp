// What the program prints, word for word. Each file of tests/golden is a case: its first line is the command line, the
// rest what must come out on standard output and standard error, and the exit code. A new file is a new case:
//
//   echo '# rmmcheck check traces/recorded/boot-basic.jsonl' > tests/golden/my-case.txt
//   RMMCHECK_UPDATE_GOLDEN=1 ctest --preset release -R test_checker     # then read the differences
#include <catch2/catch.hpp>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "program.hpp"

using namespace rmmcheck::checker::test;

namespace {

std::vector<std::filesystem::path> cases() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(RMMCHECK_SOURCE_DIR "/tests/golden"))
    if (entry.path().extension() == ".txt") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

TEST_CASE("golden output") {
  std::size_t checked = 0;
  for (const auto& path : cases()) {
    const std::string expected = contents(path);
    const std::string first = expected.substr(0, expected.find('\n'));
    INFO(path.filename().string());
    REQUIRE(first.starts_with("# rmmcheck "));
    const Ran ran = shell(first.substr(2));
    std::string actual = first + "\n" + ran.out;
    if (!actual.ends_with('\n')) actual += "\n";
    if (!ran.err.empty()) actual += "# stderr\n" + ran.err;
    actual += "# exit " + std::to_string(ran.code) + "\n";
    if (updating())
      write_file(path, actual);
    else
      CHECK(actual == expected);
    ++checked;
  }
  CHECK(checked >= 50);
}
