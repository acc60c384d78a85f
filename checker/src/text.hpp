// Laying out text for a terminal: colours, lines broken at blanks, counts with separators.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rmmcheck/checker/print.hpp"

namespace rmmcheck::checker {

enum class Colour : std::uint8_t { none, red, green, yellow, bold, dim };

/// A blank at which no line is broken; printed as a blank.
inline constexpr char no_break = '\x1f';

class Text {
public:
  explicit Text(const TextOptions& options) : options_(options) {}

  [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;
  /// One line as it is.
  void line(std::string_view text = {});
  /// `label`, then `text` from column `indent` on; what is too long goes on in the next line, in the same column.
  /// Without room for `label` in front of the column, the text starts behind it. `invisible`: colour codes in the
  /// label.
  void field(std::string_view label, std::size_t indent, std::string_view text, std::size_t invisible = 0);
  [[nodiscard]] const TextOptions& options() const { return options_; }
  [[nodiscard]] std::string take() { return std::move(out_); }

private:
  TextOptions options_;
  std::string out_;
};

/// "1,234,567"
std::string grouped(std::uint64_t n);
/// "1 call", "1,234 calls"
std::string counted(std::uint64_t n, std::string_view singular, std::string_view plural = {});
/// "call 12, line 13"
std::string call_text(std::uint64_t seq, std::uint64_t line);

} // namespace rmmcheck::checker
