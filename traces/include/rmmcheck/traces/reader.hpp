// Readers of recorded traces: one per format, all streaming (memory does not grow with the file).
#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
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
  virtual Result<std::size_t> read(char* buffer, std::size_t size) = 0;
};

/// Opens `path`, "-" = standard input. Compression is recognised by content.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);
/// `text` must outlive the source.
std::unique_ptr<ByteSource> memory_source(std::string_view text);

enum class Next : std::uint8_t { call, end, error };

class Reader {
public:
  virtual ~Reader() = default;
  /// Known before the first call.
  [[nodiscard]] virtual const Header& header() const = 0;
  /// Reads the next record into `call` (every field is overwritten). After `error`, error() says what; no more records come.
  virtual Next next(Call& call) = 0;
  [[nodiscard]] virtual const Error& error() const = 0;
  [[nodiscard]] virtual Format format() const = 0;
  /// Lines seen so far that are no record (console: boot messages and the like; JSONL: notes).
  [[nodiscard]] virtual std::uint64_t skipped_lines() const = 0;
};

/// A reader of `source`, named `path` in messages. `automatic` looks at the first lines.
Result<std::unique_ptr<Reader>> open_reader(std::unique_ptr<ByteSource> source, std::string path, Format format);

} // namespace rmmcheck::traces
