// The readers of the formats, behind `open_reader`.
#pragma once

#include <memory>
#include <string>

#include "line_reader.hpp"
#include "rmmcheck/traces/reader.hpp"

namespace rmmcheck::traces {

/// Reads the header at once: a JSONL trace without one cannot be read.
Result<std::unique_ptr<Reader>> open_jsonl(LineReader lines, std::string path);
std::unique_ptr<Reader> open_console(LineReader lines, std::string path);

} // namespace rmmcheck::traces
