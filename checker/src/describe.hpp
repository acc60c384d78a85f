// Values, results and conditions as words.
#pragma once

#include <string>

#include "judge.hpp"
#include "rmmcheck/checker/report.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/traces/trace.hpp"

namespace rmmcheck::checker {

/// "RMI_ERROR_RTT" and 2 for a return value of `command`; a status without name as hexadecimal.
void describe_result(const model::Spec& spec, const model::Command& command, std::uint64_t x0, std::string& status,
                     std::int64_t& index);
/// Type of status codes by the command's interface: RmiStatusCode, RsiCommandReturnCode, PsciReturnCode.
const char* status_type(const model::Command& command);

/// The value by name or number; what is known of it where it is not known.
std::string value_text(const model::Spec& spec, const std::string& type, const model::ConcreteDomain::Value& v);

/// Results that are allowed in the judge's state (which must be the one before the call).
std::vector<Allowed> allowed_results(const model::Spec& spec, const model::Command& command,
                                     const model::CallValues& values, Judge& judge);

/// `expression` taken apart: each name or path in it, with its value before the call; or, for a success condition,
/// after it had taken effect.
std::vector<Explained> explain_values(const model::Spec& spec, const model::Command& command,
                                      const model::CallValues& values, const model::Expr& expression, model::When when,
                                      Judge& judge);
/// Nodes from `first` on that speak of the state before only. What is to be evaluated once a call takes effect must
/// have these evaluated before.
std::vector<model::NodeId> nodes_before(const model::Command& command, model::NodeId first);

/// "Granule(0x88..).state", "RTT entry 3 of level 2 table 0x88... .ripas".
std::string cell_name(const model::Spec& spec, const model::State& state, const model::CellId& cell);
std::string cell_value(const model::Spec& spec, const model::State& state, const model::CellId& cell);

} // namespace rmmcheck::checker
