#include "binding.hpp"

#include <string>

namespace rmmcheck::checker {
namespace {

// Recorders shorten a few of the specification's field names.
std::string recorded_name(std::string path) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    if (const auto at = path.find(from); at != std::string::npos) path.replace(at, from.size(), to);
  };
  replace("exit.exit_reason", "exit.reason");
  replace(".gprs[0]", ".gpr0");
  return path;
}

traces::ParamsKind kind_of(const std::string& type) {
  if (type == "RmiRealmParams") return traces::ParamsKind::realm;
  if (type == "RmiRecParams") return traces::ParamsKind::rec;
  if (type == "RmiRecRun") return traces::ParamsKind::run;
  return traces::ParamsKind::none;
}

std::uint64_t mask_of(const model::Bits& b) {
  return b.high - b.low == 63 ? ~std::uint64_t{0} : (std::uint64_t{1} << (b.high - b.low + 1)) - 1;
}

} // namespace

Binding::Binding(const model::Command& command) : kind_(kind_of(command.params_type)) {
  for (const auto& r : command.decl.inputs) inputs_.push_back({r.reg, r.bits.low, mask_of(r.bits)});
  unused_outputs_ = 0x1e; // X1 .. X4
  for (const auto& r : command.decl.outputs) {
    outputs_.push_back({r.reg, r.bits.low, mask_of(r.bits)});
    if (r.reg >= 8) continue;
    unused_outputs_ &= ~(1U << r.reg);
    if (!r.other_bits_free) zero_bits_[r.reg] = ~(mask_of(r.bits) << r.bits.low);
    has_zero_bits_ = has_zero_bits_ || zero_bits_[r.reg] != 0;
  }
  const auto names = traces::param_names(kind_);
  for (const auto& path : command.params) {
    const std::string wanted = recorded_name(path);
    int found = -1;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == wanted) found = static_cast<int>(i);
    params_.push_back(found);
  }
}

void Binding::fill(const traces::Call& call, model::CallValues& v) const {
  v.input_known = 0;
  v.output_known = 0;
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Register& r = inputs_[i];
    if (r.reg == 0 || r.reg > call.in.size()) continue;
    v.input[i] = (call.in[r.reg - 1U] >> r.low) & r.mask;
    v.input_known |= ((call.in_known >> (r.reg - 1U)) & 1U) << i;
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    const Register& r = outputs_[i];
    if (r.reg >= call.out.size()) continue;
    v.output[i] = (call.out[r.reg] >> r.low) & r.mask;
    v.output_known |= ((call.out_known >> r.reg) & 1U) << i;
  }
  v.param.resize(params_.size());
  v.param_known.resize(params_.size());
  for (std::size_t i = 0; i < params_.size(); ++i) {
    const auto p = static_cast<std::size_t>(params_[i]);
    const bool known = params_[i] >= 0 && call.params.kind == kind_ && (call.params.known >> p & 1U) != 0;
    v.param_known[i] = known ? 1 : 0;
    v.param[i] = known ? call.params.value[p] : 0;
  }
  v.current_rec = call.rec;
  v.current_rec_known = call.rec != 0;
}

} // namespace rmmcheck::checker
