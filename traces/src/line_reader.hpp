// Splits a stream of bytes into lines, in memory that does not grow with the stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "rmmcheck/traces/reader.hpp"

namespace rmmcheck::traces {

/// Some editors put it before a text; it is no part of the first line.
inline constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Reads lines ended by LF or CR LF, and looks ahead for those who have to recognise a format first.
///
/// A line is a view into one buffer, which starts at 128 KiB (it stays in the second-level cache) and grows only for
/// long lines, up to `max_line`: a longer line is an error, so a gigabyte without a newline costs two megabytes.
/// A line is handed out as soon as its newline was read; the source is asked for more only when no whole line is left,
/// which is what makes a pipe stream.
class LineReader {
public:
  static constexpr std::size_t max_line = std::size_t{1} << 20;
  /// So many bytes after a line's end may be read (not interpreted): simdjson loads whole vectors.
  static constexpr std::size_t padding = 64;

  explicit LineReader(std::unique_ptr<ByteSource> source);

  /// Moves to the next line. A source that fails, or a line that is too long, is an `error` from then on.
  enum class Step : std::uint8_t { line, end, error };
  Step next();

  /// The line without its end; valid until the next call of `next`.
  [[nodiscard]] std::string_view line() const { return line_; }
  /// Its number, from 1. After an error: the number of the line that could not be read.
  [[nodiscard]] std::uint64_t number() const { return number_; }
  /// False only for a last line without a newline: a file that may have been cut.
  [[nodiscard]] bool terminated() const { return terminated_; }
  /// What happened; its `file` is empty.
  [[nodiscard]] const Error& error() const { return error_; }

  /// Bytes that were read but not yet handed out as lines.
  [[nodiscard]] std::string_view lookahead() const { return {buffer_.data() + begin_, end_ - begin_}; }
  /// Reads more of them, at least one byte; false when there are none to be had (the end, an error, a full buffer).
  bool look_further();
  [[nodiscard]] bool at_source_end() const { return source_end_; }
  [[nodiscard]] bool failed() const { return failed_; }

private:
  bool fail(Error error);

  std::unique_ptr<ByteSource> source_;
  std::vector<char> buffer_; // [begin_, end_) is unread; `padding` bytes stay free behind it
  std::size_t begin_ = 0, end_ = 0;
  std::string_view line_;
  std::uint64_t number_ = 0;
  bool terminated_ = false, source_end_ = false, failed_ = false;
  Error error_;
};

} // namespace rmmcheck::traces
