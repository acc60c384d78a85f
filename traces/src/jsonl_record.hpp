// One record of a JSONL trace.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

enum class RecordKind : std::uint8_t { call, note, header, bad };

/// Reads a record into `call`, every field of it except `line`. `bad`: `problem` tells what is wrong.
/// What needs other records, such as the order of `seq`, is not looked at.
RecordKind read_record(simdjson::dom::object object, Call& call, std::string& problem);

} // namespace rmmcheck::traces
