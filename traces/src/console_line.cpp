#include "console_line.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "number_text.hpp"
#include "reset.hpp"

namespace rmmcheck::traces {
namespace {

// line := NAME { HEX } [ ">" STATUS [ INDEX ] { HEX } ]
//
// The versions differ in details (TF-RMM v0.1 of 2022 to v0.8 of 2025):
//   - RMI names begin with SMC_RMM_ before May 2024, with SMC_RMI_ since;
//   - an RSI call that makes the REC exit to the Host is printed at the exit. Up to v0.6 with a result that is not one
//     yet, since v0.7 without the part after the arguments;
//   - two RSI names are abbreviated, one was longer.

constexpr std::uint32_t rmi_rec_enter = 0xC400015C;
constexpr std::uint32_t rsi_attestation_token_continue = 0xC4000195;
constexpr std::uint32_t rsi_ipa_state_set = 0xC4000197;
constexpr std::uint32_t rsi_host_call = 0xC4000199;

enum class Family : std::uint8_t { rmi, rsi, psci };

/// More registers than these and the line is not what it seems. RSI_MEASUREMENT_EXTEND has ten inputs, more than a Call
/// keeps.
constexpr std::size_t max_inputs(Family family) { return family == Family::rmi ? 6 : 10; }
constexpr std::size_t max_outputs(Family family) { return family == Family::rmi ? 4 : 8; }

class Tokens {
public:
  explicit Tokens(std::string_view line) : rest_(line) {}

  /// The next word; empty at the end.
  std::string_view next() {
    std::size_t begin = 0;
    while (begin < rest_.size() && is_space(rest_[begin])) ++begin;
    std::size_t end = begin;
    while (end < rest_.size() && !is_space(rest_[end])) ++end;
    const std::string_view word = rest_.substr(begin, end - begin);
    rest_.remove_prefix(end);
    return word;
  }

private:
  static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }
  std::string_view rest_;
};

/// A word that names a call, without its prefix: "RTT_CREATE", "c4000003".
bool split_name(std::string_view word, Family& family, std::string_view& name) {
  const auto strip = [&](std::string_view prefix, Family found) {
    if (!word.starts_with(prefix)) return false;
    family = found;
    name = word.substr(prefix.size());
    return true;
  };
  return strip("SMC_RMI_", Family::rmi) || strip("SMC_RSI_", Family::rsi) || strip("SMC_RMM_", Family::rmi) ||
         strip("PSCI_", Family::psci);
}

/// 0 for a name that is not one of ours.
std::uint32_t fid_of(Family family, std::string_view name) {
  if (family == Family::psci) {
    std::uint64_t fid = 0;
    if (name.size() != 8 || !parse_hex(name, fid)) return 0;
    const auto narrow = static_cast<std::uint32_t>(fid);
    return command_name(narrow).starts_with("PSCI_") ? narrow : 0;
  }
  if (family == Family::rsi) {
    if (name == "ATTEST_TOKEN_INIT")
      name = "ATTESTATION_TOKEN_INIT";
    else if (name == "ATTEST_TOKEN_CONTINUE")
      name = "ATTESTATION_TOKEN_CONTINUE";
    else if (name == "ABI_VERSION")
      name = "VERSION";
  }
  std::array<char, 40> full{};
  if (name.size() > full.size() - 4) return 0;
  std::memcpy(full.data(), family == Family::rmi ? "RMI_" : "RSI_", 4);
  std::copy(name.begin(), name.end(), full.begin() + 4);
  return command_fid({full.data(), name.size() + 4});
}

constexpr std::array<std::string_view, 5> rmi_statuses = {
    "RMI_SUCCESS", "RMI_ERROR_INPUT", "RMI_ERROR_REALM", "RMI_ERROR_REC", "RMI_ERROR_RTT",
};
constexpr std::uint64_t rmi_error_realm = 2, rmi_error_rtt = 4;
constexpr std::array<std::string_view, 5> rsi_statuses = {
    "RSI_SUCCESS", "RSI_ERROR_INPUT", "RSI_ERROR_STATE", "RSI_INCOMPLETE", "RSI_ERROR_UNKNOWN",
};

bool status_of(std::span<const std::string_view> statuses, std::string_view word, std::uint64_t& status) {
  const auto at = std::find(statuses.begin(), statuses.end(), word);
  if (at == statuses.end()) return false;
  status = static_cast<std::uint64_t>(at - statuses.begin());
  return true;
}

/// Reads x0 and, where it is printed, the index that x0 carries.
bool read_result(Family family, Tokens& tokens, Call& call) {
  const std::string_view word = tokens.next();
  std::uint64_t& x0 = call.out[0];
  call.out_known = 1;
  if (family == Family::psci) return parse_hex(word, x0);
  if (family == Family::rsi) return status_of(rsi_statuses, word, x0) || parse_hex(word, x0);
  if (!status_of(rmi_statuses, word, x0)) return parse_hex(word, x0); // a status without a name is printed as a number
  if (x0 != rmi_error_rtt && !(x0 == rmi_error_realm && call.fid == rmi_rec_enter)) return true;
  std::uint64_t index = 0;
  if (!parse_hex(tokens.next(), index) || index > 0xFF) return false;
  x0 |= index << 8;
  return true;
}

/// Calls that can make the REC exit to the Host before they have a result.
bool may_exit(Family family, std::uint32_t fid) {
  return family == Family::psci || fid == rsi_ipa_state_set || fid == rsi_host_call ||
         fid == rsi_attestation_token_continue;
}

/// The result printed is none: the line was printed at the exit, before the Host had decided.
bool is_provisional(Family family, const Call& call) {
  constexpr std::uint64_t rsi_success = 0;
  if (call.fid == rsi_ipa_state_set) return call.out[0] == rsi_success;
  // The Realm's registers are shown as they were at the call: x0 still has the function identifier.
  return family == Family::psci && call.out[0] == call.fid;
}

void forget_outputs(Call& call) {
  call.phase = Phase::pending;
  call.out = {};
  call.out_known = 0;
}

/// Everything after the name; false: damaged.
bool read_rest(Family family, Tokens& tokens, Call& call) {
  std::string_view word = tokens.next();
  for (std::size_t count = 0; !word.empty() && word != ">"; word = tokens.next(), ++count) {
    std::uint64_t value = 0;
    if (count == max_inputs(family) || !parse_hex(word, value)) return false;
    if (count >= call.in.size()) continue;
    call.in[count] = value;
    call.in_known = static_cast<std::uint8_t>(call.in_known | 1U << count);
  }
  if (word.empty()) { // no result
    if (!may_exit(family, call.fid)) return false;
    forget_outputs(call);
    return true;
  }
  if (!read_result(family, tokens, call)) return false;
  std::size_t count = 1;
  for (word = tokens.next(); !word.empty(); word = tokens.next(), ++count) {
    std::uint64_t value = 0;
    if (count > max_outputs(family) || !parse_hex(word, value)) return false;
    if (count >= call.out.size()) continue;
    call.out[count] = value;
    call.out_known = static_cast<std::uint8_t>(call.out_known | 1U << count);
  }
  if (is_provisional(family, call)) forget_outputs(call);
  return true;
}

} // namespace

ConsoleLine read_console_line(std::string_view line, Call& call) {
  Tokens tokens(line);
  Family family{};
  std::string_view name;
  if (!split_name(tokens.next(), family, name)) return ConsoleLine::other;
  reset(call);
  call.fid = fid_of(family, name);
  if (call.fid == 0) return ConsoleLine::damaged;
  call.phase = family == Family::rmi ? Phase::host : Phase::complete;
  return read_rest(family, tokens, call) ? ConsoleLine::call : ConsoleLine::damaged;
}

} // namespace rmmcheck::traces
