#include "seq_order.hpp"

#include <algorithm>
#include <iterator>

namespace rmmcheck::traces {

bool SeqOrder::is_ahead(std::uint64_t seq) const {
  const auto after = std::upper_bound(ahead_.begin(), ahead_.end(), seq,
                                      [](std::uint64_t value, const Run& run) { return value < run.first; });
  return after != ahead_.begin() && seq <= std::prev(after)->last;
}

bool SeqOrder::remember(std::uint64_t seq) {
  const auto after = std::upper_bound(ahead_.begin(), ahead_.end(), seq,
                                      [](std::uint64_t value, const Run& run) { return value < run.first; });
  if (after != ahead_.begin() && std::prev(after)->last + 1 == seq) {
    std::prev(after)->last = seq;
    return true;
  }
  if (ahead_.size() == max_runs) return false;
  ahead_.insert(after, {seq, seq});
  return true;
}

SeqOrder::Answer SeqOrder::add(const Call& call) {
  const std::uint64_t seq = call.seq;
  if (seq == 0) return Answer::zero;
  const bool is_inner = call.parent != 0 && call.parent == outer_;
  bound_ = is_inner ? inner_ : outer_;
  if (seq == bound_ || (!ahead_.empty() && is_ahead(seq))) return Answer::twice;
  if (seq < bound_) return Answer::late;
  inner_ = seq;
  if (is_inner) return remember(seq) ? Answer::good : Answer::too_far;
  outer_ = seq;
  if (!ahead_.empty()) std::erase_if(ahead_, [seq](const Run& run) { return run.last < seq; });
  return Answer::good;
}

} // namespace rmmcheck::traces
