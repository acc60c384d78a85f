// Bounded memory, streaming, and every way in which a source may cut its bytes up.
#include <algorithm>
#include <cstring>

#include <catch2/catch.hpp>

#include "corpus.hpp"
#include "support.hpp"

using namespace rmmcheck;
using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;
using Catch::Matchers::Contains;

namespace {

/// Gives out `text` in pieces of at most `piece` bytes.
class Pieces final : public ByteSource {
public:
  Pieces(std::string_view text, std::size_t piece) : rest_(text), piece_(piece) {}
  Result<std::size_t> read(char* buffer, std::size_t size) override {
    const std::size_t count = std::min({size, piece_, rest_.size()});
    std::copy_n(rest_.data(), count, buffer);
    rest_.remove_prefix(count);
    return count;
  }

private:
  std::string_view rest_;
  std::size_t piece_;
};

/// A gigabyte without a newline.
class Endless final : public ByteSource {
public:
  explicit Endless(std::size_t& given) : given_(given) {}
  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (given_ >= std::size_t{1} << 30) return std::size_t{0};
    std::memset(buffer, given_ == 0 ? '{' : 'x', size);
    given_ += size;
    return size;
  }

private:
  std::size_t& given_;
};

/// Gives out its texts one by one, and counts how often it was asked.
class Live final : public ByteSource {
public:
  Live(std::vector<std::string> texts, std::size_t& asked) : texts_(std::move(texts)), asked_(asked) {}
  Result<std::size_t> read(char* buffer, std::size_t) override {
    if (asked_ == texts_.size()) return Error{{}, 0, 0, "asked too often"};
    const std::string& text = texts_[asked_++];
    std::copy(text.begin(), text.end(), buffer);
    return text.size();
  }

private:
  std::vector<std::string> texts_;
  std::size_t& asked_;
};

std::string record_of_length(std::size_t length) {
  const std::string begin = R"({"seq":1,"call":"RMI_VERSION","pad":")", end = "\"}";
  return begin + std::string(length - begin.size() - end.size(), 'x') + end;
}

} // namespace

TEST_CASE("a line may have 1 MiB, and no more") {
  constexpr std::size_t limit = std::size_t{1} << 20;
  for (const char* line_end : {"\n", "\r\n", ""}) {
    CHECK(drain(header_line + record_of_length(limit) + line_end).ok);
    const Trace longer = drain(header_line + record_of_length(limit + 1) + line_end);
    CHECK_THAT(longer.error.to_string(), Contains("t:2: the line is longer than 1 MiB"));
  }
  const std::string after = header_line + record_of_length(limit) + "\n" + R"({"seq":2,"call":"RMI_VERSION"})";
  CHECK(drain(after).calls.size() == 2);
  CHECK_THAT(
      drain(std::string(limit + 1, ' ') + "\nSMC_RMI_VERSION 1 > RMI_SUCCESS\n", Format::console).error.to_string(),
      Contains("t:1: the line is longer than 1 MiB"));
}

TEST_CASE("a gigabyte without a newline is not read") {
  for (const Format format : {Format::automatic, Format::jsonl, Format::console}) {
    std::size_t given = 0;
    const Trace trace = drain(std::make_unique<Endless>(given), format);
    CHECK_THAT(trace.error.to_string(), Contains("longer than 1 MiB"));
    CHECK(given < std::size_t{2} << 20);
  }
}

TEST_CASE("how the bytes arrive does not matter") {
  for (const char* name : {"boot-basic.jsonl", "boot-basic.log", "lifecycle-2.jsonl"}) {
    const std::string text = contents(std::string(RMMCHECK_SOURCE_DIR "/traces/recorded/") + name);
    const Trace whole = drain(text);
    REQUIRE(whole.ok);
    for (const std::size_t piece : {1U, 2U, 7U, 64U, 4096U, 131072U}) {
      const Trace pieces = drain(std::make_unique<Pieces>(text, piece));
      REQUIRE(pieces.ok);
      CHECK(same(whole.calls, pieces.calls));
      CHECK(whole.skipped == pieces.skipped);
    }
  }
}

TEST_CASE("how the bytes arrive does not matter for the search for a call") {
  const std::string call = "SMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\n";
  constexpr std::size_t limit = std::size_t{64} << 10;
  for (const std::size_t piece : {100U, 4096U, 65536U, 131072U}) {
    // The last line that is searched begins one byte before the limit.
    const std::string before = std::string(limit - 2, 'x') + "\n", behind = std::string(limit - 1, 'x') + "\n";
    CHECK(drain(std::make_unique<Pieces>(before + call, piece)).calls.size() == 1);
    CHECK_THAT(drain(std::make_unique<Pieces>(behind + call, piece)).error.to_string(), Contains("known format"));
  }
}

TEST_CASE("a call is there as soon as its line is") {
  SECTION("JSONL") {
    std::size_t asked = 0;
    auto opened = open_reader(
        std::make_unique<Live>(std::vector<std::string>{header_line.substr(0, 9), header_line.substr(9),
                                                        R"({"seq":1,"call":"RMI_V)", "ERSION\"}\n{\"seq\":2"},
                               asked),
        "t", Format::automatic);
    REQUIRE(opened);
    CHECK(asked == 2);
    Call call;
    CHECK(opened.value()->next(call) == Next::call);
    CHECK(asked == 4);
    CHECK(opened.value()->next(call) == Next::error);
    CHECK_THAT(opened.value()->error().to_string(), Contains("t:3: asked too often"));
  }
  SECTION("console") {
    std::size_t asked = 0;
    auto opened =
        open_reader(std::make_unique<Live>(std::vector<std::string>{"Booting RMM\n", "SMC_RMI_VERSION 10000 > RMI_SUC",
                                                                    "CESS 10000 10000\n", "SMC_RMI_VERSION 1 > 1\n"},
                                           asked),
                    "t", Format::automatic);
    REQUIRE(opened);
    CHECK(asked == 3);
    Call call;
    CHECK(opened.value()->next(call) == Next::call);
    CHECK(asked == 3);
    CHECK(opened.value()->next(call) == Next::call);
    CHECK(call.line == 3);
    CHECK(asked == 4);
  }
}

TEST_CASE("an error of the source is reported where it happened") {
  std::size_t asked = 0;
  const Trace first = drain(std::make_unique<Live>(std::vector<std::string>{}, asked));
  CHECK(first.error.to_string() == "t: asked too often");
  asked = 0;
  const Trace second = drain(std::make_unique<Live>(std::vector<std::string>{header_line}, asked), Format::jsonl);
  CHECK(second.error.to_string() == "t:2: asked too often");
}
