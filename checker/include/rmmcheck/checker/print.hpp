// Reports and explanations as text for people and as JSON for machines. They only lay out what is in the plain structs.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "rmmcheck/checker/checker.hpp"
#include "rmmcheck/checker/report.hpp"

namespace rmmcheck::checker {

/// Version of the program, e.g. "0.1.0".
const char* version();

struct TextOptions {
  bool colour = false;
  std::size_t width = 80;       ///< lines are broken there where they can be
  std::size_t occurrences = 20; ///< listed per signature; the rest are counted
};

/// What is said of calls that are referred to by number, e.g. "RMI_DATA_CREATE(rd = 0x...) > RMI_SUCCESS".
using CallTexts = std::map<std::uint64_t, std::string>;

/// One violation in full.
std::string violation_text(const Violation& violation, const TextOptions& options, const CallTexts& calls = {});
/// One trace: violations grouped by signature, first occurrence in full; then notes and what else must be said.
/// `details` false: groups only as a count, for a trace whose violations were printed as they were found.
std::string trace_text(const TraceReport& trace, const TextOptions& options, const CallTexts& calls = {},
                       bool details = true);
/// The last line: the verdict and the counts over all traces.
std::string verdict_text(const Report& report, const TextOptions& options);

/// The object of `rmmcheck check --json`, indented, with a newline at the end. Text that is not UTF-8 is replaced.
std::string report_json(const Report& report);

std::string explanation_text(const Explanation& explanation, const TextOptions& options);
std::string explanation_json(const Explanation& explanation, const Explanation* exit = nullptr);

/// "RMI_ERROR_RTT, index 2"; an index is named where the status has one.
std::string result_text(const std::string& status, std::int64_t index);

} // namespace rmmcheck::checker
