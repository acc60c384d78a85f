// Which format is it, and what is none.
#include <archive.h>
#include <archive_entry.h>

#include <catch2/catch.hpp>

#include "support.hpp"

using namespace rmmcheck::traces;
using namespace rmmcheck::traces::test;
using Catch::Matchers::Contains;
using Catch::Matchers::Equals;

namespace {

const std::string call_line = "SMC_RMI_VERSION 10000 > RMI_SUCCESS 10000 10000\n";

std::string message(const std::string& text, Format format = Format::automatic) {
  const Trace trace = drain(text, format);
  return trace.ok ? "no error" : trace.error.to_string();
}

std::string tar_of(const std::string& name, const std::string& text, bool old_dialect) {
  std::string bytes(text.size() + 20480, '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  if (old_dialect)
    archive_write_set_format_v7tar(writer);
  else
    archive_write_set_format_ustar(writer);
  archive_write_open_memory(writer, bytes.data(), bytes.size(), &used);
  archive_entry* entry = archive_entry_new();
  archive_entry_set_pathname(entry, name.c_str());
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_entry_set_perm(entry, 0644);
  archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
  archive_write_header(writer, entry);
  archive_write_data(writer, text.data(), text.size());
  archive_entry_free(entry);
  archive_write_free(writer);
  return bytes.substr(0, used);
}

} // namespace

TEST_CASE("names of formats") {
  for (const Format each : {Format::automatic, Format::jsonl, Format::console}) {
    Format parsed = Format::automatic;
    CHECK(parse_format(format_name(each), parsed));
    CHECK(parsed == each);
  }
  Format untouched = Format::console;
  CHECK_FALSE(parse_format("json", untouched));
  CHECK_FALSE(parse_format("", untouched));
  CHECK(untouched == Format::console);
}

TEST_CASE("the format is recognised") {
  CHECK(drain(header_line).format == Format::jsonl);
  CHECK(drain(" \n\t\r\n" + header_line).format == Format::jsonl);
  CHECK(drain(call_line).format == Format::console);
  CHECK(drain("hello\n" + call_line).format == Format::console);
  CHECK(drain("hello\n" + call_line.substr(0, call_line.size() - 1)).calls.size() == 1);
  CHECK(drain("hello\n" + call_line.substr(0, call_line.size() - 1)).format == Format::console);
  CHECK(drain(std::string("\0noise on the line\n", 19) + call_line).calls.size() == 1);
  // A brace decides, whatever follows.
  CHECK_THAT(message("{\n" + call_line), Contains("t:1: the line is not JSON"));
  // A damaged call is none.
  CHECK_THAT(message("SMC_RMI_VERSION 10000 >\n"), Contains("no trace in a known format"));
}

TEST_CASE("a call is searched for in the first 64 KiB") {
  std::string boot;
  while (boot.size() < 65000) boot += "[    0.000000] Booting Linux on physical CPU 0x0\n";
  CHECK(drain(boot + call_line).calls.size() == 1);
  const std::string long_boot = boot + boot + boot;
  CHECK_THAT(message(long_boot + call_line), Contains("say --format console"));
  CHECK(drain(long_boot + call_line, Format::console).calls.size() == 1);
  CHECK(message("hello\n") == message(long_boot));
  CHECK_THAT(message("hello\n"), Contains("JSONL") && Contains("console"));
}

TEST_CASE("nothing") {
  for (const Format format : {Format::automatic, Format::jsonl, Format::console}) {
    CHECK_THAT(message("", format), Equals("t: the trace is empty"));
    CHECK_THAT(message("\n \r\n\t", format), Equals("t: the trace is empty"));
  }
}

TEST_CASE("binary data") {
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 100000; ++i) {
    state = state * 1664525 + 1013904223;
    noise += static_cast<char>(state >> 24);
  }
  CHECK_THAT(message(noise), Contains("t: this is binary data"));
  CHECK_THAT(message(noise.substr(0, 1000)), Contains("t: this is binary data"));
  CHECK_THAT(message(std::string(100, '\0')), Contains("t: this is binary data"));
  CHECK_FALSE(drain(noise, Format::jsonl).ok);
}

TEST_CASE("a tar archive is no trace, though there may be one in it") {
  for (const bool old_dialect : {false, true})
    for (const std::string& text : {header_line, call_line}) {
      const std::string tar = tar_of("run.log", text, old_dialect);
      for (const Format format : {Format::automatic, Format::jsonl, Format::console})
        CHECK_THAT(message(tar, format), Contains("t: this is a tar archive"));
    }
}
