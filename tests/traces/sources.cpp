// Files, compressed files, pipes.
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>

#include <catch2/catch.hpp>

#include "corpus.hpp"
#include "support.hpp"

using namespace rmmcheck;
using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;
using Catch::Matchers::Contains;

namespace {

/// A directory that is gone when the test is over.
class Scratch {
public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "rmmcheck-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

private:
  std::filesystem::path path_;
};

using AddFilter = int (*)(archive*);
struct Packer {
  const char* name;
  AddFilter add;
};
constexpr Packer packers[] = {{"gzip", &archive_write_add_filter_gzip},
                              {"zstd", &archive_write_add_filter_zstd},
                              {"xz", &archive_write_add_filter_xz},
                              {"bzip2", &archive_write_add_filter_bzip2}};

std::string packed(const std::string& text, AddFilter add) {
  std::string bytes(text.size() * 2 + 65536, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  add(writer);
  archive_write_set_format_raw(writer);
  archive_write_set_bytes_per_block(writer, 0);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, text.data(), text.size());
  archive_entry_free(entry);
  archive_write_free(writer);
  return bytes.substr(0, used);
}

/// Runs `with_stdin` while standard input is the reading end of a pipe, whose writing end it gets.
void on_standard_input(const std::function<void(int)>& with_stdin) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int saved = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  close(ends[0]);
  with_stdin(ends[1]);
  dup2(saved, STDIN_FILENO);
  close(saved);
}

void put(int descriptor, const std::string& text) {
  REQUIRE(write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

} // namespace

TEST_CASE("what cannot be opened") {
  const Scratch scratch;
  const std::string missing = scratch.path("missing.jsonl");
  CHECK(drain_file(missing).error.to_string() == missing + ": cannot open the trace: No such file or directory");
  CHECK_THAT(drain_file(scratch.path("")).error.to_string(), Contains("this is a directory"));
  if (geteuid() != 0) { // root may read everything
    const std::string secret = scratch.file("secret.jsonl", header_line);
    chmod(secret.c_str(), 0);
    CHECK_THAT(drain_file(secret).error.to_string(), Contains("cannot open the trace: Permission denied"));
  }
  CHECK(drain_file(scratch.file("empty", "")).error.to_string() == "t: the trace is empty");
}

TEST_CASE("compressed traces") {
  const Scratch scratch;
  const std::string text = contents(RMMCHECK_SOURCE_DIR "/traces/recorded/lifecycle-2.jsonl");
  const Trace plain = drain(text);
  REQUIRE(plain.ok);
  for (const Packer& packer : packers) {
    INFO(packer.name);
    const std::string bytes = packed(text, packer.add);
    REQUIRE(bytes.size() < text.size());
    // Recognised by what is in them: the name of the file says nothing.
    const Trace unpacked = drain_file(scratch.file("trace", bytes));
    INFO(unpacked.error.to_string());
    REQUIRE(unpacked.ok);
    CHECK(same(plain.calls, unpacked.calls));

    CHECK(drain_file(scratch.file("nothing", packed("", packer.add))).error.to_string() == "t: the trace is empty");
    // Two streams, one behind the other, are one text.
    const std::size_t half = text.find('\n', text.size() / 2) + 1;
    const std::string parts = packed(text.substr(0, half), packer.add) + packed(text.substr(half), packer.add);
    CHECK(same(plain.calls, drain_file(scratch.file("parts", parts)).calls));
  }
}

TEST_CASE("compressed traces that are damaged") {
  const Scratch scratch;
  const std::string text = contents(RMMCHECK_SOURCE_DIR "/traces/recorded/lifecycle-2.jsonl");
  for (const Packer& packer : packers) {
    INFO(packer.name);
    const std::string bytes = packed(text, packer.add);
    for (const std::size_t left : {bytes.size() - 1, bytes.size() - 5, bytes.size() / 2, std::size_t{12}}) {
      INFO("cut to " << left << " of " << bytes.size());
      const Trace cut = drain_file(scratch.file("cut", bytes.substr(0, left)));
      CHECK_FALSE(cut.ok);
      CHECK_THAT(cut.error.to_string(), Contains("data"));
    }
    std::string flipped = bytes;
    flipped[bytes.size() / 2] = static_cast<char>(flipped[bytes.size() / 2] ^ 0x10);
    CHECK_FALSE(drain_file(scratch.file("flipped", flipped)).ok);
    CHECK_FALSE(drain_file(scratch.file("trailing", bytes + "some more bytes")).ok);
  }
}

TEST_CASE("a flipped bit that gzip can unpack is found by the checksum") {
  // Stored, not deflated: any byte unpacks. libarchive alone would take it.
  const Scratch scratch;
  const std::string text = contents(RMMCHECK_SOURCE_DIR "/traces/recorded/lifecycle-1.jsonl");
  std::string bytes = packed(text, [](archive* writer) {
    archive_write_add_filter_gzip(writer);
    return archive_write_set_filter_option(writer, "gzip", "compression-level", "0");
  });
  const std::size_t digit = bytes.find("0x880041000");
  REQUIRE(digit != std::string::npos);
  CHECK(drain_file(scratch.file("good", bytes)).ok);
  bytes[digit + 6] = '5';
  CHECK_THAT(drain_file(scratch.file("bad", bytes)).error.to_string(), Contains("the gzip data is damaged"));
}

TEST_CASE("a compressed tar archive") {
  const Scratch scratch;
  std::string tar(1536, '\0');
  const std::string name = "t.log", sum_field = "0000000";
  name.copy(tar.data(), name.size());
  tar.replace(148, 8, 8, ' ');
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(tar[i]);
  char digits[8];
  std::snprintf(digits, sizeof digits, "%06o", sum);
  std::copy(digits, digits + 7, tar.begin() + 148);
  const std::string call = "SMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\n";
  call.copy(tar.data() + 512, call.size());
  CHECK_THAT(drain_file(scratch.file("t.tar.zst", packed(tar, &archive_write_add_filter_zstd))).error.to_string(),
             Contains("this is a tar archive"));
}

TEST_CASE("standard input streams") {
  const std::string record = R"({"seq":1,"call":"RMI_VERSION"})"
                             "\n";
  SECTION("a text, line by line") {
    on_standard_input([&](int input) {
      put(input, header_line + record);
      auto source = open_source("-"); // would wait for ever if it waited for a full buffer, or for the end
      REQUIRE(source);
      auto reader = open_reader(std::move(source.value()), "-", Format::automatic);
      REQUIRE(reader);
      Call call;
      CHECK(reader.value()->next(call) == Next::call);
      close(input);
      CHECK(reader.value()->next(call) == Next::end);
    });
  }
  SECTION("a single byte") {
    on_standard_input([&](int input) {
      put(input, "S");
      auto source = open_source("-");
      REQUIRE(source);
      put(input, "MC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\n");
      auto reader = open_reader(std::move(source.value()), "-", Format::automatic);
      REQUIRE(reader);
      Call call;
      CHECK(reader.value()->next(call) == Next::call);
      CHECK(call.line == 1);
      close(input);
      CHECK(reader.value()->next(call) == Next::end);
    });
  }
  SECTION("compressed") {
    for (const Packer& packer : packers)
      on_standard_input([&](int input) {
        put(input, packed(header_line + record, packer.add));
        close(input);
        CHECK(drain_file("-").calls.size() == 1);
      });
  }
  SECTION("nothing") {
    on_standard_input([&](int input) {
      close(input);
      CHECK(drain_file("-").error.to_string() == "t: the trace is empty");
    });
  }
}

TEST_CASE("a signal ends a read that waits") {
  struct sigaction action {
  }, before{};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, &before);
  on_standard_input([&](int input) {
    const itimerval soon = {{0, 20000}, {0, 20000}};
    const itimerval never = {};
    setitimer(ITIMER_REAL, &soon, nullptr);
    const auto source = open_source("-");
    setitimer(ITIMER_REAL, &never, nullptr);
    REQUIRE_FALSE(source);
    CHECK(source.error().to_string() == "-: reading was interrupted");
    close(input);
  });
  sigaction(SIGALRM, &before, nullptr);
}
