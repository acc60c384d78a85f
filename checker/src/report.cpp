#include "rmmcheck/checker/report.hpp"

#include <algorithm>

namespace rmmcheck::checker {

const char* verdict_name(Verdict v) {
  switch (v) {
  case Verdict::conforming: return "conforming";
  case Verdict::violating: return "violating";
  case Verdict::inconclusive: return "inconclusive";
  case Verdict::input_error: return "input error";
  }
  return "?";
}

Verdict overall(const Report& report) {
  if (report.traces.empty()) return Verdict::input_error;
  // Worst first.
  for (const Verdict v : {Verdict::input_error, Verdict::violating, Verdict::inconclusive})
    if (std::any_of(report.traces.begin(), report.traces.end(), [&](const auto& t) { return t.verdict == v; }))
      return v;
  return Verdict::conforming;
}

int exit_code(Verdict v) {
  switch (v) {
  case Verdict::conforming: return 0;
  case Verdict::violating: return 1;
  case Verdict::input_error: return 2;
  case Verdict::inconclusive: return 3;
  }
  return 2;
}

} // namespace rmmcheck::checker
