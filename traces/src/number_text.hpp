// Numbers as text. Thirteen of them stand in every record, so hexadecimal ones are read eight digits at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace rmmcheck::traces {

/// The value of one hexadecimal digit, or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// `digits` is 1 to 16 hexadecimal digits and nothing else.
constexpr bool parse_hex(std::string_view digits, std::uint64_t& value) {
  if (digits.empty() || digits.size() > 16) return false;
  std::uint64_t result = 0;
  for (const char c : digits) {
    const int digit = hex_digit(c);
    if (digit < 0) return false;
    result = result << 4 | static_cast<std::uint64_t>(digit);
  }
  value = result;
  return true;
}

/// `digits` is a decimal number that fits 64 bits, and nothing else.
constexpr bool parse_decimal(std::string_view digits, std::uint64_t& value) {
  if (digits.empty()) return false;
  std::uint64_t result = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return false;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (result > (UINT64_MAX - digit) / 10) return false;
    result = result * 10 + digit;
  }
  value = result;
  return true;
}

/// "0x..." or decimal.
constexpr bool parse_number(std::string_view text, std::uint64_t& value) {
  if (text.starts_with("0x")) return parse_hex(text.substr(2), value);
  return parse_decimal(text, value);
}

} // namespace rmmcheck::traces
