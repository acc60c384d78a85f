// Which format is it? Looks ahead in the stream without taking anything from it.
#include <algorithm>
#include <optional>
#include <utility>

#include "console_line.hpp"
#include "readers.hpp"

namespace rmmcheck::traces {
namespace {

/// A boot log may stand before the first call; the lines that begin in this much of it are searched.
constexpr std::size_t search_limit = std::size_t{64} << 10;

/// A tar archive would otherwise do for a console log, if one is in it. Its first block ends in a checksum over itself,
/// in every dialect: the sum of 512 bytes, with blanks in the place of the sum.
constexpr std::size_t tar_block = 512;
bool is_tar(std::string_view bytes) {
  constexpr std::size_t sum_at = 148, sum_size = 8;
  if (bytes.size() < tar_block || bytes[0] == '\0') return false;
  std::uint64_t sum = 0, written = 0;
  for (std::size_t i = 0; i < tar_block; ++i)
    sum += i >= sum_at && i < sum_at + sum_size ? ' ' : static_cast<unsigned char>(bytes[i]);
  bool digits = false;
  for (const char c : bytes.substr(sum_at, sum_size)) {
    if (c >= '0' && c <= '7') {
      written = written * 8 + static_cast<std::uint64_t>(c - '0');
      digits = true;
    } else if (digits || c != ' ') {
      break;
    }
  }
  return digits && sum == written;
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  return text;
}

/// The first byte that is not blank.
std::optional<char> first_byte(std::string_view text) {
  text = without_mark(text);
  const std::size_t at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? std::nullopt : std::optional(text[at]);
}

/// Looks for a call in the lines of `text` that begin between `searched` and the limit, and moves `searched` on. A last
/// line without its newline counts only when the text is `complete`.
bool finds_call(std::string_view text, bool complete, std::size_t& searched) {
  Call call;
  while (searched < std::min(text.size(), search_limit)) {
    std::size_t end = text.find('\n', searched);
    if (end == std::string_view::npos) {
      if (!complete) return false;
      end = text.size();
    }
    const std::string_view line = text.substr(searched, end - searched);
    if (read_console_line(searched == 0 ? without_mark(line) : line, call) == ConsoleLine::call) return true;
    searched = end + 1;
  }
  return false;
}

enum class Guess : std::uint8_t { jsonl, console, empty, tar, binary, unknown, unreadable };

Guess guess_format(LineReader& lines) {
  std::size_t searched = 0;
  for (;;) {
    const std::string_view text = lines.lookahead();
    if (is_tar(text)) return Guess::tar;
    const std::optional<char> first = first_byte(text);
    if (first == '{') return Guess::jsonl;
    const bool complete = lines.at_source_end();
    if (finds_call(text, complete, searched)) return Guess::console;
    if (searched < search_limit && !complete && (lines.look_further() || lines.at_source_end())) continue;
    if (lines.failed()) return Guess::unreadable;
    if (text.find('\0') != std::string_view::npos) return Guess::binary;
    return complete && !first ? Guess::empty : Guess::unknown;
  }
}

constexpr const char* known_formats =
    "this is no trace in a known format: neither JSONL (begins with {\"type\":\"header\",...}) nor a TF-RMM console "
    "log "
    "(has lines such as \"SMC_RMI_REALM_CREATE 880000000 880001000 > RMI_SUCCESS\" in its first 64 KiB). If the calls "
    "come later, say --format console";
constexpr const char* tar_archive = "this is a tar archive: unpack it, and name the trace files in it";

} // namespace

bool parse_format(std::string_view word, Format& format) {
  for (const Format each : {Format::automatic, Format::jsonl, Format::console}) {
    if (word != format_name(each)) continue;
    format = each;
    return true;
  }
  return false;
}

std::string_view format_name(Format format) {
  switch (format) {
  case Format::automatic: return "auto";
  case Format::jsonl: return "jsonl";
  case Format::console: return "console";
  }
  return {};
}

Result<std::unique_ptr<Reader>> open_reader(std::unique_ptr<ByteSource> source, std::string path, Format format) {
  LineReader lines(std::move(source));
  const auto fail = [&](const char* message) { return Error{path, 0, 0, message}; };
  if (format == Format::automatic) {
    switch (guess_format(lines)) {
    case Guess::jsonl: format = Format::jsonl; break;
    case Guess::console: format = Format::console; break;
    case Guess::empty: return fail("the trace is empty");
    case Guess::tar: return fail(tar_archive);
    case Guess::binary:
      return fail("this is binary data, no trace: known formats are JSONL and the text of a TF-RMM console");
    case Guess::unknown: return fail(known_formats);
    case Guess::unreadable: {
      Error error = lines.error();
      error.file = path;
      return error;
    }
    }
  } else {
    // The format is given: one line that is not blank, or a tar header, shows whether there is anything at all.
    const auto enough = [](std::string_view text) {
      return first_byte(text) && (text.size() >= tar_block || text.find('\n') != std::string_view::npos);
    };
    while (!enough(lines.lookahead()) && lines.look_further()) {
    }
    if (is_tar(lines.lookahead())) return fail(tar_archive);
    if (lines.at_source_end() && !first_byte(lines.lookahead())) return fail("the trace is empty");
  }
  if (format == Format::jsonl) return open_jsonl(std::move(lines), std::move(path));
  return open_console(std::move(lines), std::move(path));
}

} // namespace rmmcheck::traces
