#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "text.hpp"

namespace rmmcheck::cli {

using namespace std::chrono_literals;

Progress::Progress(std::string what) : what_(std::move(what)), enabled_(isatty(STDERR_FILENO) != 0) {
  if (what_.size() > 40) what_ = "..." + what_.substr(what_.size() - 37);
}

void Progress::show(std::uint64_t calls, std::uint64_t violations) {
  if (!enabled_) return;
  const auto now = Clock::now();
  if (now - start_ < 1s || (shown_ && now - last_ < 200ms)) return;
  last_ = now;
  shown_ = true;
  // The escape erases what an earlier, longer line left.
  fmt::print(stderr, "\r\033[K{}: {}, {}", what_, checker::counted(calls, "call"),
             checker::counted(violations, "violation"));
  std::fflush(stderr);
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  shown_ = false;
}

} // namespace rmmcheck::cli
