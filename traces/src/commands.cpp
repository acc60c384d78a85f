// Function identifiers and names: RMI 1.0 and RSI 1.0 (DEN0137 1.0-rel0, B4.1 and B5.1), PSCI (DEN0022).
#include <algorithm>
#include <array>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {
namespace {

struct Command {
  std::uint32_t fid;
  std::string_view name;
};

// Where PSCI gives a function both an SMC32 and an SMC64 identifier, the SMC64 one stands first: it is the one that
// `command_fid` answers.
constexpr std::array commands = {
    Command{0xC4000150, "RMI_VERSION"},
    Command{0xC4000151, "RMI_GRANULE_DELEGATE"},
    Command{0xC4000152, "RMI_GRANULE_UNDELEGATE"},
    Command{0xC4000153, "RMI_DATA_CREATE"},
    Command{0xC4000154, "RMI_DATA_CREATE_UNKNOWN"},
    Command{0xC4000155, "RMI_DATA_DESTROY"},
    Command{0xC4000157, "RMI_REALM_ACTIVATE"},
    Command{0xC4000158, "RMI_REALM_CREATE"},
    Command{0xC4000159, "RMI_REALM_DESTROY"},
    Command{0xC400015A, "RMI_REC_CREATE"},
    Command{0xC400015B, "RMI_REC_DESTROY"},
    Command{0xC400015C, "RMI_REC_ENTER"},
    Command{0xC400015D, "RMI_RTT_CREATE"},
    Command{0xC400015E, "RMI_RTT_DESTROY"},
    Command{0xC400015F, "RMI_RTT_MAP_UNPROTECTED"},
    Command{0xC4000161, "RMI_RTT_READ_ENTRY"},
    Command{0xC4000162, "RMI_RTT_UNMAP_UNPROTECTED"},
    Command{0xC4000164, "RMI_PSCI_COMPLETE"},
    Command{0xC4000165, "RMI_FEATURES"},
    Command{0xC4000166, "RMI_RTT_FOLD"},
    Command{0xC4000167, "RMI_REC_AUX_COUNT"},
    Command{0xC4000168, "RMI_RTT_INIT_RIPAS"},
    Command{0xC4000169, "RMI_RTT_SET_RIPAS"},

    Command{0xC4000190, "RSI_VERSION"},
    Command{0xC4000191, "RSI_FEATURES"},
    Command{0xC4000192, "RSI_MEASUREMENT_READ"},
    Command{0xC4000193, "RSI_MEASUREMENT_EXTEND"},
    Command{0xC4000194, "RSI_ATTESTATION_TOKEN_INIT"},
    Command{0xC4000195, "RSI_ATTESTATION_TOKEN_CONTINUE"},
    Command{0xC4000196, "RSI_REALM_CONFIG"},
    Command{0xC4000197, "RSI_IPA_STATE_SET"},
    Command{0xC4000198, "RSI_IPA_STATE_GET"},
    Command{0xC4000199, "RSI_HOST_CALL"},

    Command{0x84000000, "PSCI_VERSION"},
    Command{0xC4000001, "PSCI_CPU_SUSPEND"},
    Command{0x84000001, "PSCI_CPU_SUSPEND"},
    Command{0x84000002, "PSCI_CPU_OFF"},
    Command{0xC4000003, "PSCI_CPU_ON"},
    Command{0x84000003, "PSCI_CPU_ON"},
    Command{0xC4000004, "PSCI_AFFINITY_INFO"},
    Command{0x84000004, "PSCI_AFFINITY_INFO"},
    Command{0xC4000005, "PSCI_MIGRATE"},
    Command{0x84000005, "PSCI_MIGRATE"},
    Command{0x84000006, "PSCI_MIGRATE_INFO_TYPE"},
    Command{0xC4000007, "PSCI_MIGRATE_INFO_UP_CPU"},
    Command{0x84000007, "PSCI_MIGRATE_INFO_UP_CPU"},
    Command{0x84000008, "PSCI_SYSTEM_OFF"},
    Command{0x84000009, "PSCI_SYSTEM_RESET"},
    Command{0x8400000A, "PSCI_FEATURES"},
    Command{0x8400000B, "PSCI_CPU_FREEZE"},
    Command{0xC400000C, "PSCI_CPU_DEFAULT_SUSPEND"},
    Command{0x8400000C, "PSCI_CPU_DEFAULT_SUSPEND"},
    Command{0xC400000D, "PSCI_NODE_HW_STATE"},
    Command{0x8400000D, "PSCI_NODE_HW_STATE"},
    Command{0xC400000E, "PSCI_SYSTEM_SUSPEND"},
    Command{0x8400000E, "PSCI_SYSTEM_SUSPEND"},
    Command{0x8400000F, "PSCI_SET_SUSPEND_MODE"},
    Command{0xC4000010, "PSCI_STAT_RESIDENCY"},
    Command{0x84000010, "PSCI_STAT_RESIDENCY"},
    Command{0xC4000011, "PSCI_STAT_COUNT"},
    Command{0x84000011, "PSCI_STAT_COUNT"},
    Command{0xC4000012, "PSCI_SYSTEM_RESET2"},
    Command{0x84000012, "PSCI_SYSTEM_RESET2"},
    Command{0x84000013, "PSCI_MEM_PROTECT"},
    Command{0xC4000014, "PSCI_MEM_PROTECT_CHECK_RANGE"},
    Command{0x84000014, "PSCI_MEM_PROTECT_CHECK_RANGE"},
};

// Both directions are on the path of every record, so both are tables made by the compiler.

// The identifiers lie in three blocks of 256: 0x840000xx and 0xC40000xx (PSCI), 0xC40001xx (RMI, RSI).
constexpr std::size_t no_slot = 3 * 256;
constexpr std::size_t slot(std::uint32_t fid) {
  const std::uint32_t low = fid & 0xFF;
  switch (fid >> 8) {
  case 0x840000: return low;
  case 0xC40000: return 256 + low;
  case 0xC40001: return 512 + low;
  default: return no_slot;
  }
}

constexpr auto name_of_slot = [] {
  std::array<std::string_view, no_slot + 1> table{}; // the last entry stays empty: every other identifier
  for (const Command& command : commands) table[slot(command.fid)] = command.name;
  return table;
}();

constexpr auto sorted_by_name = [] {
  std::array<Command, commands.size()> table = commands;
  // Insertion sort: std::stable_sort is not constexpr in C++20, and the first of two equal names has to stay first.
  for (std::size_t i = 1; i < table.size(); ++i)
    for (std::size_t j = i; j > 0 && table[j].name < table[j - 1].name; --j) std::swap(table[j], table[j - 1]);
  return table;
}();

} // namespace

std::string_view command_name(std::uint32_t fid) { return name_of_slot[slot(fid)]; }

std::uint32_t command_fid(std::string_view name) {
  const auto* at = std::lower_bound(sorted_by_name.begin(), sorted_by_name.end(), name,
                                    [](const Command& command, std::string_view key) { return command.name < key; });
  return at != sorted_by_name.end() && at->name == name ? at->fid : 0;
}

} // namespace rmmcheck::traces
