// What a trace's header says of the platform, as the model wants it.
#pragma once

#include "rmmcheck/model/state.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::checker {

inline model::Platform platform_of(const traces::Header& h) {
  model::Platform p;
  for (const auto& r : h.delegable) p.delegable.push_back({r.base, r.count});
  p.delegable_known = h.delegable_known;
  p.features = h.feature_register_0;
  p.features_known = h.feature_register_0_known;
  p.version_lower = h.rmi_version_lower;
  p.version_higher = h.rmi_version_higher;
  p.version_known = h.rmi_version_known;
  p.aux_count = h.rec_aux_count;
  p.aux_count_known = h.rec_aux_count_known;
  return p;
}

} // namespace rmmcheck::checker
