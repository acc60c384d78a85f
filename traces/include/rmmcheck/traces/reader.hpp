// Readers of recorded traces: one per format, all streaming (memory does not grow with the file).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rmmcheck/error.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

enum class Format : std::uint8_t { automatic, jsonl, console };

/// "auto", "jsonl", "console"; false when the word is none of them.
bool parse_format(std::string_view word, Format& format);
std::string_view format_name(Format format);

/// A source of bytes: a file (plain or compressed with zstd, gzip, xz, bzip2), standard input, or memory.
class ByteSource {
public:
  virtual ~ByteSource() = default;
  /// Fills at most `size` bytes; 0 = end. A read returns as soon as something is there, so pipes stream.
  /// A signal whose handler was installed without SA_RESTART ends a waiting read with an error, so Ctrl-C can stop one.
  virtual Result<std::size_t> read(char* buffer, std::size_t size) = 0;
};

/// Opens `path`, "-" = standard input. Compression is recognised by content; checksums are verified, and data that is
/// cut, damaged, or followed by something else is an error, at the latest where it is reached.
/// Waits for the first byte of a pipe or a terminal. Takes 64 KiB, and the window of zstd: 128 MiB after `zstd
/// --long=27`.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);
/// `text` must outlive the source.
std::unique_ptr<ByteSource> memory_source(std::string_view text);

enum class Next : std::uint8_t { call, end, error };

/// One trace, read call by call:
///
///     Result<std::unique_ptr<ByteSource>> source = open_source(path);
///     if (!source) return source.error();
///     Result<std::unique_ptr<Reader>> reader = open_reader(std::move(source.value()), path, Format::automatic);
///     if (!reader) return reader.error();
///     Call call; // one object for the whole trace
///     while (reader.value()->next(call) == Next::call) ...
///
/// Measured on one core of a busy 2-core virtual machine (AMD EPYC), from memory, best of 30 runs: JSONL 11 million
/// calls a second; 3.1 million where lines have an unusual shape (white space, another order of keys); console logs 10
/// million.
class Reader {
public:
  virtual ~Reader() = default;
  /// Known before the first call.
  [[nodiscard]] virtual const Header& header() const = 0;
  /// Reads the next record into `call` (every field is overwritten). After `error`, error() says what; no more records
  /// come.
  virtual Next next(Call& call) = 0;
  [[nodiscard]] virtual const Error& error() const = 0;
  [[nodiscard]] virtual Format format() const = 0;
  /// Lines seen so far that are no record: blank ones, notes (JSONL), boot messages and the like (console). The lines
  /// of a file are its calls, its skipped lines and, in JSONL, its header.
  [[nodiscard]] virtual std::uint64_t skipped_lines() const = 0;
};

/// A reader of `source`, named `path` in messages. `automatic` looks at the beginning: JSONL if the first byte that is
/// not blank is a brace, else a console log if there is a line of a call in the first 64 KiB. Waits for that much of a
/// pipe; the header of a JSONL trace is read at once.
///
/// Errors name the line. A line over 1 MiB is one, so memory stays bounded whatever is read.
Result<std::unique_ptr<Reader>> open_reader(std::unique_ptr<ByteSource> source, std::string path, Format format);

} // namespace rmmcheck::traces
