// The first line of a JSONL trace.
#pragma once

#include <simdjson.h>

#include <string>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

/// Whether the object says that it is a header.
bool is_header(simdjson::dom::object object);

/// Fills `header` with what the object says. False: `problem` tells what is wrong.
bool read_header(simdjson::dom::object object, Header& header, std::string& problem);

} // namespace rmmcheck::traces
