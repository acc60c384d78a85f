// The specification as loaded, laid out as the tables it was written as.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rmmcheck/checker/print.hpp"
#include "rmmcheck/model/spec.hpp"

namespace rmmcheck::checker {

/// All commands with their sections and how many rows each of their tables has.
std::string spec_text(const model::Spec& spec, const TextOptions& options);
/// The tables of one command; rows that an amendment put there are marked with its name.
std::string command_text(const model::Spec& spec, const model::Command& command, const TextOptions& options);
/// The amendments in force, with their reasons.
std::string amendments_text(const model::Spec& spec, const TextOptions& options);
/// All of it; with `only`, of this command alone.
std::string spec_json(const model::Spec& spec, const model::Command* only = nullptr);

/// The amendment in force that added or replaced the context value `name` of a command; empty: none did.
std::string context_amendment(const model::Spec& spec, const model::Command& command, const std::string& name);
/// The third argument of a failure's ResultEqual; null: it has none.
const model::Expr* result_index(const model::Condition& failure);
/// Pairs "a before b" that the ordering groups stand for, each once.
std::vector<std::pair<std::string, std::string>> order_pairs(const model::CommandDecl& decl);
/// As the specification writes it: "0xC4000155".
std::string fid_text(std::uint32_t fid);
const char* kind_name(model::AmendmentDecl::Kind kind);

} // namespace rmmcheck::checker
