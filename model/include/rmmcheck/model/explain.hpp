// The parts of a condition, each as a graph of its own: for "the expression with its values filled in".
#pragma once

#include <string>
#include <vector>

#include "rmmcheck/model/program.hpp"
#include "rmmcheck/model/spec.hpp"

namespace rmmcheck::model {

/// A name, path or call in a condition.
struct Part {
  std::string text;      ///< as written
  std::string type;      ///< for printing its value
  NodeId node = no_node; ///< in the scratch command
};

/// Compiles the parts of `expression` into `scratch`, a copy of the command it belongs to. Parts that have no scalar
/// value (a whole Realm) and constants are left out; outermost first, no text twice.
std::vector<Part> parts_of(const Spec& spec, Command& scratch, const Expr& expression, When when);

/// Compiles one whole expression; no_node when it has no scalar value.
NodeId compile_expression(const Spec& spec, Command& scratch, const Expr& expression, When when, std::string& type);

} // namespace rmmcheck::model
