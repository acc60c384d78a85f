// Writes traces as JSONL, in the shape that the JSONL reader takes (traces/FORMAT.md): what is written and read again
// is the same Header and the same Calls, unknown registers and fields included.
#pragma once

#include <string>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

/// Appends one line to `out`, its newline included. Text, not a stream: the caller decides when and where it is
/// written, and learns there whether that worked.
///
///     std::string text;
///     append_jsonl(text, reader->header());
///     while (reader->next(call) == Next::call) append_jsonl(text, call);
///
/// The header comes first, also when the trace had none (`present` false: it then says nothing about the platform).
void append_jsonl(std::string& out, const Header& header);
/// `call.fid` must be one that `command_name` knows.
void append_jsonl(std::string& out, const Call& call);

} // namespace rmmcheck::traces
