// What checking a trace has found. Plain data: the printers (text, JSON, JUnit) only read it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rmmcheck::checker {

/// Never rounded up: an empty trace, a cut one, a bound that was hit are not conforming.
enum class Verdict : std::uint8_t { conforming, violating, inconclusive, input_error };
const char* verdict_name(Verdict v);

/// A result that the specification allows for a call in its state.
struct Allowed {
  std::string status;                                       ///< "RMI_SUCCESS", "RMI_ERROR_RTT", ...
  std::int64_t index = -1;                                  ///< second part of the return code; -1 = none
  std::string condition;                                    ///< id of the failure condition; empty for success
  std::string section;                                      ///< of the command
  std::vector<std::pair<std::string, std::string>> outputs; ///< outputs that are fixed, printed
};

/// A sub-expression with its value, for explanations.
struct Explained {
  std::string text; ///< as in the specification file
  std::string value;
};

struct Violation {
  std::uint64_t seq = 0, line = 0;
  std::string call;
  std::string observed_status;
  std::int64_t observed_index = -1;
  std::vector<std::pair<std::string, std::string>> inputs, outputs; ///< by name, printed
  std::vector<Allowed> allowed;
  std::string rule; ///< id of the condition that was broken, or what was broken
  std::string section;
  std::string signature; ///< command/rule: stable across runs and seeds
  std::string sentence;  ///< one sentence for people
  std::vector<Explained> decided_by;
  std::vector<std::uint64_t> caused_by; ///< seq of the calls that wrote the cells that decided, ascending
  std::string waived;                   ///< reason of the waiver that covers it; empty = none
};

/// Calls that conform only under a reading.
struct Note {
  std::string amendment;
  std::uint64_t count = 0;
  std::uint64_t first_seq = 0, first_line = 0;
};

struct TraceReport {
  std::string path, format;
  Verdict verdict = Verdict::input_error;
  std::string error;            ///< for input_error: what was wrong; calls before it were checked
  std::uint64_t calls = 0;      ///< calls checked
  std::uint64_t unmodelled = 0; ///< calls outside the model (RSI_VERSION, ...)
  std::uint64_t skipped_lines = 0;
  std::uint64_t with_unknowns = 0;     ///< calls whose outcome depended on unknown cells
  std::vector<std::string> incomplete; ///< bounds that were hit
  std::vector<Note> notes;
  std::vector<Violation> violations;               ///< at most `max_violations`, in order
  std::uint64_t violation_count = 0;               ///< all of them
  std::map<std::string, std::uint64_t> signatures; ///< how often each
  std::map<std::string, std::string> waived;       ///< signatures that a waiver covers, with its reason
  std::map<std::string, std::uint64_t> commands;   ///< how often each command of the model was called
};

struct Report {
  std::string spec;
  std::vector<std::string> amendments; ///< those in force
  std::vector<TraceReport> traces;
  std::vector<std::string> unused_waivers; ///< signatures of waivers that covered nothing
  Verdict verdict = Verdict::input_error;
};

/// Worst of all traces: input error, violating, inconclusive, conforming; no trace at all is an input error.
Verdict overall(const Report& report);
/// 0 conforming, 1 violating, 2 input error, 3 inconclusive.
int exit_code(Verdict v);

} // namespace rmmcheck::checker
