// From a command's declaration to its graph: failure conditions, effects, checks, footprint.
#pragma once

#include <memory>

#include "lower.hpp"

namespace rmmcheck::model {

class Compiler {
public:
  Compiler(const Spec& spec, const std::unordered_map<std::string, FuncDecl>& functions)
      : spec_(spec), functions_(functions) {}

  /// Throws CompileError.
  std::unique_ptr<Command> compile(CommandDecl decl);
  /// Value of a constant expression. Throws CompileError.
  std::uint64_t constant(const Expr& e);

private:
  struct Symbol; // a class of cells: what dependencies between equations are tracked by
  struct Oriented;

  void failure(Command& c, Lowering& low);
  FailureCode failure_post(const Command& c, Lowering& low, const Condition& f, std::uint16_t number);
  void ordering(Command& c);
  void equations(Command& c, Lowering& low, const std::vector<Condition>& conditions, Equations& out);
  void orient(Lowering& low, const Expr& e, const Lowering::Scope& scope, NodeId guard, Oriented& out);
  bool orient_equation(Lowering& low, const Expr& e, const Lowering::Scope& scope, NodeId guard, Oriented& out);
  void footprint(Command& c, Lowering& low);
  bool footprint_item(Command& c, Lowering& low, const Expr& e, const Lowering::Scope& scope, FootprintCode item);
  void sample(const Command& c, Equations& out);
  static void choose_kept(Command& c);

  const Spec& spec_;
  const std::unordered_map<std::string, FuncDecl>& functions_;
};

} // namespace rmmcheck::model
