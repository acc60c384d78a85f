#include "jsonl_value.hpp"

#include <cstddef>

#include "number_text.hpp"

namespace rmmcheck::traces {
namespace {

using simdjson::dom::element_type;

/// Whether the braces of `line` are closed at its end, strings aside. What is not was cut.
bool closes(std::string_view line) {
  std::size_t depth = 0;
  bool in_string = false, escaped = false;
  for (const char c : line) {
    if (in_string) {
      if (escaped)
        escaped = false;
      else if (c == '\\')
        escaped = true;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{') {
      ++depth;
    } else if (c == '}' && depth > 0) {
      --depth;
    }
  }
  return !in_string && depth == 0;
}

} // namespace

bool JsonLine::fail(const char* problem) {
  problem_ = problem;
  return false;
}

bool JsonLine::parse(std::string_view line, bool terminated, simdjson::dom::object& object) {
  simdjson::dom::element root;
  const simdjson::error_code error = parser_.parse(line.data(), line.size(), false).get(root);
  if (error == simdjson::SUCCESS) {
    if (root.get(object) == simdjson::SUCCESS) return true;
    return fail("the line is JSON, but no object: each line holds one record, {...}");
  }
  if (!terminated && line.find('{') != std::string_view::npos && !closes(line))
    return fail("the file is cut in the middle of this line: record the trace again, or delete the line");
  switch (error) {
  case simdjson::UTF8_ERROR: return fail("the line is not valid UTF-8: the file is damaged, or is no text");
  case simdjson::NUMBER_ERROR:
    return fail(
        "the line is not JSON: a number is malformed, or does not fit 64 bits (write it as a string \"0x...\")");
  case simdjson::DEPTH_ERROR: return fail("the line is nested too deeply to be a record");
  case simdjson::MEMALLOC: return fail("out of memory");
  case simdjson::UNESCAPED_CHARS: return fail("the line is not JSON: a control character stands in a string");
  case simdjson::UNCLOSED_STRING: return fail("the line is not JSON: a string is not closed");
  default: return fail("the line is not JSON");
  }
}

Found number_in(simdjson::dom::element element, std::uint64_t& value, bool negative) {
  switch (element.type()) {
  case element_type::STRING: {
    std::string_view text;
    if (element.get(text) != simdjson::SUCCESS) return Found::bad;
    return parse_number(text, value) ? Found::value : Found::bad;
  }
  case element_type::INT64: {
    std::int64_t number = 0;
    if (element.get(number) != simdjson::SUCCESS || (number < 0 && !negative)) return Found::bad;
    value = static_cast<std::uint64_t>(number);
    return Found::value;
  }
  case element_type::UINT64: return element.get(value) == simdjson::SUCCESS ? Found::value : Found::bad;
  case element_type::NULL_VALUE: return Found::nothing;
  default: return Found::bad;
  }
}

Found text_in(simdjson::dom::element element, std::string_view& text) {
  if (element.is_null()) return Found::nothing;
  return element.get(text) == simdjson::SUCCESS ? Found::value : Found::bad;
}

std::string quoted(simdjson::dom::element element) {
  constexpr std::size_t longest = 60;
  std::string text = simdjson::minify(element);
  if (text.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end; // not inside a UTF-8 sequence
    text.resize(end);
    text += "...";
  }
  return text;
}

} // namespace rmmcheck::traces
