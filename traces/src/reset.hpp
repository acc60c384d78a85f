#pragma once

#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::traces {

/// As `call = Call{}`, except that the values in `params`, most of a Call's size, stay: `params.known` hides them.
inline void reset(Call& call) {
  call.seq = call.line = 0;
  call.fid = call.cpu = 0;
  call.phase = Phase::host;
  call.in_known = call.out_known = 0;
  call.crashed = call.timed = false;
  call.in = {};
  call.out = {};
  call.t0 = call.t1 = 0;
  call.rec = call.rd = 0;
  call.parent = call.issued = 0;
  call.params.kind = ParamsKind::none;
  call.params.known = 0;
}

} // namespace rmmcheck::traces
