#include "line_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace rmmcheck::traces {
namespace {

constexpr std::size_t first_capacity = std::size_t{128} << 10;
// A line of max_line bytes, its CR LF, and room to read on.
constexpr std::size_t last_capacity = LineReader::max_line + first_capacity;

} // namespace

LineReader::LineReader(std::unique_ptr<ByteSource> source)
    : source_(std::move(source)), buffer_(first_capacity + padding) {}

bool LineReader::fail(Error error) {
  error_ = std::move(error);
  failed_ = true;
  return false;
}

bool LineReader::look_further() {
  if (source_end_ || failed_) return false;
  if (begin_ > 0) { // the unread rest is a part of one line here, or a short lookahead: moving it is cheap
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  std::size_t capacity = buffer_.size() - padding;
  if (end_ == capacity) {
    if (capacity >= last_capacity) return false;
    capacity = std::min(2 * capacity, last_capacity);
    buffer_.resize(capacity + padding);
  }
  const Result<std::size_t> got = source_->read(buffer_.data() + end_, capacity - end_);
  if (!got) return fail(got.error());
  if (got.value() == 0) {
    source_end_ = true;
    return false;
  }
  end_ += got.value();
  return true;
}

LineReader::Step LineReader::next() {
  if (failed_) return Step::error;
  ++number_;
  std::size_t searched = 0; // bytes of the lookahead known to hold no newline: none is looked at twice
  const char* newline = nullptr;
  for (;;) {
    const std::string_view rest = lookahead();
    if (rest.size() > searched)
      newline = static_cast<const char*>(std::memchr(rest.data() + searched, '\n', rest.size() - searched));
    if (newline != nullptr) break;
    searched = rest.size();
    if (searched > max_line + 1) break; // + 1: a CR may still turn out to belong to the line's end
    if (!look_further()) break;
  }
  if (failed_) {
    error_.line = number_;
    return Step::error;
  }

  const std::string_view rest = lookahead();
  terminated_ = newline != nullptr;
  std::size_t length = terminated_ ? static_cast<std::size_t>(newline - rest.data()) : rest.size();
  const std::size_t consumed = length + (terminated_ ? 1 : 0);
  if (consumed == 0) {
    --number_; // no line follows the last newline
    return Step::end;
  }
  if (terminated_ && length > 0 && rest[length - 1] == '\r') --length;
  if (length > max_line) {
    fail({{}, number_, 0, "the line is longer than 1 MiB, so this is no trace, or its line ends were lost"});
    return Step::error;
  }
  line_ = rest.substr(0, length);
  begin_ += consumed;
  if (number_ == 1 && line_.starts_with(byte_order_mark)) line_.remove_prefix(byte_order_mark.size());
  return Step::line;
}

} // namespace rmmcheck::traces
