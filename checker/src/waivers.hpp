// Waivers: known departures that must not fail a pipeline. A reviewed TOML file (docs/usage.md); each entry names one
// signature, so a new failure never hides behind an old one.
#pragma once

#include <string>
#include <vector>

#include "rmmcheck/checker/report.hpp"
#include "rmmcheck/error.hpp"

namespace rmmcheck::checker {

struct Waiver {
  std::string signature; ///< RMI_RTT_DESTROY/ipa_align
  std::string reason;    ///< required: why this is not a failure of the run
  std::string reference; ///< an issue, a section, a commit; may be empty
  std::string trace;     ///< glob over the trace's path or its file name; empty: every trace
  std::uint64_t line = 0;
  bool used = false;

  [[nodiscard]] bool covers(const std::string& path) const;
};

Result<std::vector<Waiver>> load_waivers(const std::string& file);
/// The same from memory.
Result<std::vector<Waiver>> parse_waivers(const std::string& file, const std::string& text);

/// Marks what the waivers cover, and makes the verdict conforming where nothing else is wrong.
void apply_waivers(std::vector<Waiver>& waivers, TraceReport& trace);

} // namespace rmmcheck::checker
