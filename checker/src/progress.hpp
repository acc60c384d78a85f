// One line on standard error that says how far the work is: only on a terminal, and only when it takes over a second.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace rmmcheck::cli {

class Progress {
public:
  explicit Progress(std::string what);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap enough for every few thousand calls.
  void show(std::uint64_t calls, std::uint64_t violations);
  /// Takes the line away, so that something else can be printed.
  void clear();

private:
  using Clock = std::chrono::steady_clock;
  std::string what_;
  bool enabled_;
  bool shown_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
};

} // namespace rmmcheck::cli
