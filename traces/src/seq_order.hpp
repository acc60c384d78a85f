// The order of `seq` in a JSONL trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

/// Checks that records come in the order in which the calls started, and that no number is used twice.
///
/// Nearly always that means: each `seq` is greater than the one before. But the calls that a Realm makes during an
/// RMI_REC_ENTER stand directly behind it, and while they were made, other CPUs may have begun calls that stand
/// further down:
///
///     {"seq":630,"cpu":2,"call":"RMI_REC_ENTER",...
///     {"seq":634,"cpu":2,"call":"RSI_IPA_STATE_GET","parent":630,...
///     {"seq":631,"cpu":1,"call":"RMI_RTT_MAP_UNPROTECTED",...
///
/// So the outer records increase, the inner ones of each RMI_REC_ENTER increase and follow it, and what inner ones took
/// ahead of the outer ones is remembered until these have passed it: a few runs of numbers, not a set of all.
class SeqOrder {
public:
  enum class Answer : std::uint8_t { good, zero, twice, late, too_far };
  Answer add(const Call& call);
  /// The number that the last record had to exceed.
  [[nodiscard]] std::uint64_t bound() const { return bound_; }

  /// Records ahead, in runs: a bound on memory that no real trace comes near (the recorded ones have 5 records ahead).
  static constexpr std::size_t max_runs = std::size_t{1} << 16;

private:
  struct Run {
    std::uint64_t first, last;
  };
  [[nodiscard]] bool is_ahead(std::uint64_t seq) const;
  bool remember(std::uint64_t seq);

  std::uint64_t outer_ = 0; // the last record that is not an inner one
  std::uint64_t inner_ = 0; // the last inner one of `outer_`, or `outer_`
  std::uint64_t bound_ = 0;
  std::vector<Run> ahead_; // inner ones above outer_, sorted
};

} // namespace rmmcheck::traces
