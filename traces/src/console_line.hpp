// One line of a TF-RMM console.
#pragma once

#include <cstdint>
#include <string_view>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

enum class ConsoleLine : std::uint8_t {
  call,    ///< a call, read into `call`
  damaged, ///< begins like a call, but is none we can read: cut, garbled, or a command of another specification
  other,   ///< anything else that a console shows
};

/// Reads one line, every field of `call` except `seq` and `line`. White space separates the fields, so the width of the
/// columns, which differs between versions, does not matter. Time is linear in the line; nothing is allocated.
///
/// What a line does not print stays unknown: `in_known` and `out_known` have the printed registers only. `out[0]` is
/// put together from the status and the index.
ConsoleLine read_console_line(std::string_view line, Call& call);

} // namespace rmmcheck::traces
