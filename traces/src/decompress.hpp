// Recognises compressed bytes and reads through the compression.
#pragma once

#include <memory>
#include <string_view>

#include "rmmcheck/traces/reader.hpp"

namespace rmmcheck::traces {

enum class Compression : std::uint8_t { none, gzip, zstd, xz, bzip2 };

/// The compression that `bytes` begin with. `more` is set when they are too few to tell.
Compression recognise_compression(std::string_view bytes, bool& more);

/// What `source` holds, decompressed if need be. Reads only as many bytes of it as it takes to tell: one for a text,
/// so that a trace typed or piped in is not held up.
Result<std::unique_ptr<ByteSource>> decompressed(std::unique_ptr<ByteSource> source);

} // namespace rmmcheck::traces
