// The decoded structures of memory: which call has which, and how each field is written in JSON.
#pragma once

#include <cstdint>
#include <span>

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

/// How the recorders and our writer show a field. Readers take either form for every field.
enum class NumberStyle : std::uint8_t {
  hex,            ///< "0x880005000", a string
  decimal,        ///< 48
  signed_decimal, ///< -1: a two's complement value; only these fields may be negative
};

/// The structure that a call carries in its `params`; none for most calls.
ParamsKind params_kind(std::uint32_t fid);

/// One style a field, in the order of `param_names(kind)`.
std::span<const NumberStyle> param_styles(ParamsKind kind);

/// In RmiRecParams, `aux` is an array: its first element has this index in `param_names(ParamsKind::rec)`.
inline constexpr std::size_t rec_aux_first = 4;
inline constexpr std::size_t rec_aux_max = 16;
/// In RmiRecRun, the fields of `exit` start at this index in `param_names(ParamsKind::run)`.
inline constexpr std::size_t run_exit_first = 8;

} // namespace rmmcheck::traces
