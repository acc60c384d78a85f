// How a recorded call's registers and decoded structures become the values a command's graph reads.
#pragma once

#include <cstdint>
#include <vector>

#include "rmmcheck/model/evaluator.hpp"
#include "rmmcheck/model/program.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::checker {

class Binding {
public:
  explicit Binding(const model::Command& command);

  /// Fills `values` for this command. Allocates only the first time a `values` object is used.
  void fill(const traces::Call& call, model::CallValues& values) const;
  /// Output registers X1 .. X4 that the command does not define.
  [[nodiscard]] std::uint32_t unused_outputs() const { return unused_outputs_; }
  /// Bits of output register `reg` that the command says are zero.
  [[nodiscard]] std::uint64_t zero_bits(unsigned reg) const { return zero_bits_[reg]; }
  [[nodiscard]] bool has_zero_bits() const { return has_zero_bits_; }

private:
  struct Register {
    std::uint8_t reg;
    std::uint8_t low;
    std::uint64_t mask;
  };
  std::vector<Register> inputs_, outputs_;
  std::vector<int> params_; ///< position in Call::params, or -1
  traces::ParamsKind kind_ = traces::ParamsKind::none;
  std::uint32_t unused_outputs_ = 0;
  std::uint64_t zero_bits_[8] = {};
  bool has_zero_bits_ = false;
};

} // namespace rmmcheck::checker
