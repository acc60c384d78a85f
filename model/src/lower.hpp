// Lowering of expressions: names resolved, functions put in place, types checked, structs taken apart until only scalar
// nodes are left.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "rmmcheck/model/program.hpp"
#include "rmmcheck/model/spec.hpp"

namespace rmmcheck::model {

/// Thrown inside the compiler only, and caught at its edge.
struct CompileError {
  Error error;
};
[[noreturn]] void fail(const Position& position, const std::string& message);

/// A value while compiling: a scalar node, or something made of scalars that never exists as a whole at run time.
struct CValue {
  enum class Kind : std::uint8_t { scalar, object, entry, walk, table, record, memory, array, object_kind };
  /// How it can be assigned to.
  enum class Place : std::uint8_t { none, cell, entry, output };

  Kind kind = Kind::scalar;
  std::string type;
  NodeId node = no_node; ///< scalar: value; object: address; entry, walk: place; table: table
  When when = When::before;
  std::uint8_t object = 0;
  NodeId table = no_node; ///< scalar address of a table: the table (so that Rtt() need not search)

  Place place = Place::none;
  std::uint16_t field = 0; ///< cell: slot; entry: field; output: its index
  NodeId key = no_node;    ///< cell: address; entry: place
  NodeId index = no_node;  ///< cell in an array

  std::string path;                                      ///< memory: dotted path; object: prefix inside a nested struct
  std::uint16_t count = 0;                               ///< array
  std::shared_ptr<std::map<std::string, CValue>> fields; ///< record
};

/// "a value of type Address", "a table (RmmRtt)", ...: for messages.
std::string describe(const CValue& v);

class Lowering {
public:
  Lowering(const Spec& spec, const std::unordered_map<std::string, FuncDecl>& functions, Command& command)
      : spec_(spec), functions_(functions), command_(command), free_(command.nodes.size(), 0) {}

  using Scope = std::map<std::string, CValue>;

  /// Compiles `e` with state read `when` (context values marked `before true` are always read before).
  CValue value(const Expr& e, When when, const Scope& scope);
  /// The same, for a Bool.
  NodeId boolean(const Expr& e, When when, const Scope& scope);
  /// The same, for any scalar.
  NodeId scalar(const Expr& e, When when, const Scope& scope, const char* what);

  [[nodiscard]] NodeId constant(std::uint64_t v, bool boolean = false);
  [[nodiscard]] NodeId node(Node n);
  [[nodiscard]] NodeId logical_not(NodeId a);
  [[nodiscard]] NodeId logical_and(NodeId a, NodeId b);
  [[nodiscard]] NodeId logical_or(NodeId a, NodeId b);
  [[nodiscard]] std::uint32_t new_loop() { return command_.loops++; }
  [[nodiscard]] CValue loop_number(std::uint32_t loop, const char* type = "UInt64");
  [[nodiscard]] CValue loop_object(std::uint32_t loop, std::uint8_t kind, When when);
  [[nodiscard]] CValue loop_entry(std::uint32_t loop, When when);

  /// Binds a defined function's parameters to its arguments.
  Scope bind(const FuncDecl& f, const Expr& call, When when, const Scope& scope);
  [[nodiscard]] const FuncDecl* function(const std::string& name) const;
  /// True if the graph below `n` reads the observed outputs.
  bool reads_output(NodeId n) const;
  const Spec& spec() const { return spec_; }

private:
  CValue name(const Expr& e, When when, const Scope& scope);
  CValue call(const Expr& e, When when, const Scope& scope);
  CValue builtin(const FuncDecl& f, const Expr& e, When when, const Scope& scope);
  CValue field(const Expr& e, When when, const Scope& scope);
  CValue index(const Expr& e, When when, const Scope& scope);
  CValue binary(const Expr& e, When when, const Scope& scope);
  CValue conditional(const Expr& e, const CValue& a, const CValue& b, NodeId c);
  CValue range(const Expr& e, When when, const Scope& scope);
  CValue over(const Expr& e, When when, const Scope& scope);
  CValue first(const Expr& e, When when, const Scope& scope);
  CValue entry_field(const Expr& e, const CValue& entry, const std::string& field);
  CValue object_field(const Expr& e, const CValue& object, const std::string& field);
  CValue memory_field(const Expr& e, const CValue& memory, const std::string& path, const FieldDecl& decl);
  CValue table_of(const CValue& address, When when);
  std::uint16_t param(const std::string& path);
  void convert(const Expr& at, const CValue& v, const std::string& type) const;
  static CValue scalar_value(NodeId n, std::string type);

  const Spec& spec_;
  const std::unordered_map<std::string, FuncDecl>& functions_;
  Command& command_;
  std::unordered_map<std::string, NodeId> shared_; ///< equal nodes are one node
  std::vector<std::uint64_t> free_;                ///< parallel to the nodes: loops whose variables they depend on
  std::map<std::pair<std::string, When>, CValue> context_;
  unsigned depth_ = 0;
};

} // namespace rmmcheck::model
