// Errors as values. Nothing in the library throws at its callers or ends the process.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

namespace rmmcheck {

/// What is wrong, where, and what to do about it. Printed as `rmmcheck: FILE:LINE[:COLUMN]: message`.
struct Error {
  std::string file;         ///< path as the user gave it; empty when the error is about no file
  std::uint64_t line = 0;   ///< 1-based; 0 = the file as a whole
  std::uint32_t column = 0; ///< 1-based; 0 = the line as a whole
  std::string message;      ///< one sentence: what is wrong, and what to do

  [[nodiscard]] std::string to_string() const {
    std::string text = file;
    if (line != 0) text += ":" + std::to_string(line);
    if (line != 0 && column != 0) text += ":" + std::to_string(column);
    if (!text.empty()) text += ": ";
    return text + message;
  }
};

/// A value or an Error (std::expected arrives only with C++23).
template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& value() & { return std::get<0>(content_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
  [[nodiscard]] const Error& error() const { return std::get<1>(content_); }

private:
  std::variant<T, Error> content_;
};

} // namespace rmmcheck
