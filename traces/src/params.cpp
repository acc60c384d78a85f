#include "params.hpp"

#include <array>

namespace rmmcheck::traces {
namespace {

// Names and styles stand in the order of the recorded structures (rel0: B4.4.12 RmiRealmParams, B4.4.16 RmiRecParams,
// B4.4.14 and B4.4.17 for the two halves of RmiRecRun).
using enum NumberStyle;

constexpr std::array<std::string_view, 11> realm_names = {
    "flags",     "s2sz", "sve_vl",   "num_bps",         "num_wps",       "pmu_num_ctrs",
    "hash_algo", "vmid", "rtt_base", "rtt_level_start", "rtt_num_start",
};
constexpr std::array<NumberStyle, 11> realm_styles = {
    hex, decimal, decimal, decimal, decimal, decimal, decimal, decimal, hex, signed_decimal, decimal,
};

constexpr std::array<std::string_view, 20> rec_names = {
    "flags",  "mpidr",  "pc",     "num_aux", "aux[0]",  "aux[1]",  "aux[2]",  "aux[3]",  "aux[4]",  "aux[5]",
    "aux[6]", "aux[7]", "aux[8]", "aux[9]",  "aux[10]", "aux[11]", "aux[12]", "aux[13]", "aux[14]", "aux[15]",
};
constexpr std::array<NumberStyle, 20> rec_styles = {
    hex, hex, hex, decimal, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex, hex,
};

constexpr std::array<std::string_view, 16> run_names = {
    "enter.flags", "enter.emul_mmio", "enter.inject_sea", "enter.trap_wfi",   "enter.trap_wfe", "enter.ripas_response",
    "enter.gpr0",  "enter.gicv3_hcr", "exit.reason",      "exit.esr",         "exit.far",       "exit.hpfar",
    "exit.gpr0",   "exit.ripas_base", "exit.ripas_top",   "exit.ripas_value",
};
constexpr std::array<NumberStyle, 16> run_styles = {
    hex, decimal, decimal, decimal, decimal, decimal, hex, hex, decimal, hex, hex, hex, hex, hex, hex, decimal,
};

static_assert(rec_names.size() == rec_aux_first + rec_aux_max && rec_names[rec_aux_first] == "aux[0]");
static_assert(run_names[run_exit_first] == "exit.reason");
static_assert(rec_names.size() <= max_params && run_names.size() <= max_params && realm_names.size() <= max_params);

constexpr std::uint32_t rmi_realm_create = 0xC4000158;
constexpr std::uint32_t rmi_rec_create = 0xC400015A;
constexpr std::uint32_t rmi_rec_enter = 0xC400015C;

} // namespace

std::span<const std::string_view> param_names(ParamsKind kind) {
  switch (kind) {
  case ParamsKind::realm: return realm_names;
  case ParamsKind::rec: return rec_names;
  case ParamsKind::run: return run_names;
  case ParamsKind::none: break;
  }
  return {};
}

std::span<const NumberStyle> param_styles(ParamsKind kind) {
  switch (kind) {
  case ParamsKind::realm: return realm_styles;
  case ParamsKind::rec: return rec_styles;
  case ParamsKind::run: return run_styles;
  case ParamsKind::none: break;
  }
  return {};
}

ParamsKind params_kind(std::uint32_t fid) {
  switch (fid) {
  case rmi_realm_create: return ParamsKind::realm;
  case rmi_rec_create: return ParamsKind::rec;
  case rmi_rec_enter: return ParamsKind::run;
  default: return ParamsKind::none;
  }
}

} // namespace rmmcheck::traces
