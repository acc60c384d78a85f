// A recorded trace: a header of what is known about the platform, then one Call a record, in order.
// Plain data, knows nothing of the semantics. Everything is by value in fixed arrays, so that one Call
// object is reused for a whole file and the reading loop allocates nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rmmcheck::traces {

/// A range of delegable physical memory: `count` Granules of 4 KB from `base` (A2.2).
struct DelegableRange {
  std::uint64_t base = 0;
  std::uint64_t count = 0;
};

/// What a recording says about the platform. A field that the recording does not give stays `known == false`.
struct Header {
  bool present = false; ///< false: the format has no header (console logs)
  std::string implementation, tag, mode;
  std::uint64_t seed = 0;
  std::vector<DelegableRange> delegable;
  bool delegable_known = false;
  std::uint64_t rmi_version_lower = 0, rmi_version_higher = 0;
  bool rmi_version_known = false;
  std::uint64_t feature_register_0 = 0;
  bool feature_register_0_known = false;
  std::uint64_t rec_aux_count = 0;
  bool rec_aux_count_known = false;
  std::uint64_t cpus = 1;
};

/// Where a record stands in the life of a call.
enum class Phase : std::uint8_t {
  host,     ///< an RMI call of the Host
  complete, ///< a Realm's call that returned to the Realm at once
  pending,  ///< a Realm's call that made the REC exit to the Host; it has no outputs (yet)
  returned, ///< the Realm sees the result of an earlier pending call, in a later RMI_REC_ENTER (`parent`)
};

/// Structures in memory that a recorder decodes. The names of the fields are in `param_names`.
enum class ParamsKind : std::uint8_t {
  none,
  realm, ///< RmiRealmParams, RMI_REALM_CREATE
  rec,   ///< RmiRecParams, RMI_REC_CREATE
  run,   ///< RmiRecRun, RMI_REC_ENTER: `enter.*` on the way in, `exit.*` on the way out
};

inline constexpr std::size_t max_params = 24;

/// Decoded fields, in the order of `param_names(kind)`; `known` has bit i set when field i was recorded.
struct Params {
  ParamsKind kind = ParamsKind::none;
  std::uint32_t known = 0;
  std::array<std::uint64_t, max_params> value;
};

/// Field names of a kind, e.g. "s2sz", "aux[3]", "enter.ripas_response", "exit.ripas_base".
std::span<const std::string_view> param_names(ParamsKind kind);

/// One record. Registers: `in[i]` is X(i+1), `out[i]` is X(i).
struct Call {
  std::uint64_t seq = 0;  ///< unique, in the order in which the calls started: increasing from record to record, except
                          ///< that a Realm's calls stand right behind the RMI_REC_ENTER (`parent`) they were made in,
                          ///< ahead of lower numbers of other CPUs
  std::uint64_t line = 0; ///< 1-based line in the file, for messages
  std::uint32_t fid = 0;  ///< SMC function identifier; 0 when only the name is known
  std::uint32_t cpu = 0;
  Phase phase = Phase::host;
  std::uint8_t in_known = 0;  ///< bit i: in[i] was recorded
  std::uint8_t out_known = 0; ///< bit i: out[i] was recorded; 0: no outputs at all
  bool crashed = false;       ///< the RMM died in this call
  bool timed = false;         ///< t0 and t1 are given
  std::array<std::uint64_t, 6> in{};
  std::array<std::uint64_t, 5> out{};
  std::uint64_t t0 = 0, t1 = 0;  ///< monotonic nanoseconds around the handler; equal for a Realm's call, a moment in it
  std::uint64_t rec = 0, rd = 0; ///< of a Realm's call; 0 = not recorded
  std::uint64_t parent = 0;      ///< seq of the RMI_REC_ENTER in which a Realm's call was made; 0 = not recorded
  std::uint64_t issued = 0;      ///< seq of the pending record that a `returned` record answers; 0 = none
  Params params;
};

/// "RMI_RTT_CREATE" etc. for a function identifier; empty when the identifier is not one of RMI 1.0, RSI 1.0, PSCI.
std::string_view command_name(std::uint32_t fid);
/// The inverse; 0 when the name is unknown. Some PSCI functions have two identifiers: this is the SMC64 one.
std::uint32_t command_fid(std::string_view name);

} // namespace rmmcheck::traces
