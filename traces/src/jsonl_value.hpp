// One line of JSON, and the few kinds of value that a trace has in it.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace rmmcheck::traces {

/// Parses lines one after the other, in memory that is kept from line to line.
///
/// simdjson has a lazy interface too ("on demand"). On our records both run at 5.7 million lines a second, because
/// nearly every value is wanted; the one used here also proves that the parts nobody asks for are JSON.
class JsonLine {
public:
  /// `line` must have LineReader::padding readable bytes behind it. `terminated` says whether a newline followed: a
  /// last line without one that is no JSON was cut. On failure, problem() says what is wrong.
  bool parse(std::string_view line, bool terminated, simdjson::dom::object& object);
  [[nodiscard]] const std::string& problem() const { return problem_; }

private:
  bool fail(const char* problem);

  simdjson::dom::parser parser_;
  std::string problem_;
};

/// What a field holds: a value, nothing (`null`: it was not recorded), or something that does not belong there.
enum class Found : std::uint8_t { value, nothing, bad };

/// A JSON number, or a string "0x..." or "123". Negative numbers only where `negative` allows them (as two's
/// complement).
Found number_in(simdjson::dom::element element, std::uint64_t& value, bool negative = false);
Found text_in(simdjson::dom::element element, std::string_view& text);

/// The element as it stands in the line, shortened, for messages.
std::string quoted(simdjson::dom::element element);

} // namespace rmmcheck::traces
