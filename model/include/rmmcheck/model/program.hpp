// What the loader makes of a specification: per command a graph of scalar expressions, and lists of what to evaluate.
// It is the specification's tree with names resolved, functions put in place and equal sub-expressions shared; every
// evaluator (machine integers, Z3 terms) walks this same graph, so they cannot differ in what a condition means.
//
// Units: addresses in bytes; levels signed (-1 .. 3); all scalars are 64 bits wide and wrap.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "rmmcheck/model/syntax.hpp"

namespace rmmcheck::model {

using NodeId = std::uint32_t;
inline constexpr NodeId no_node = ~NodeId{0};

enum class Op : std::uint8_t {
  constant, ///< imm
  input,    ///< value of input register imm (index into Command::inputs)
  output,   ///< observed value of output imm (index into Command::outputs)
  param,    ///< field imm of the structure in memory (index into Command::params); b: index added to imm, below `aux`
  current_rec, ///< address of the REC that makes the call
  delegable,   ///< PaIsDelegable(a)
  features,    ///< feature register 0
  version,     ///< RMI version supported: lower (imm 0), higher (imm 1)
  aux_count,   ///< RecAuxCount(a)
  unspecified, ///< a Bool left to the implementation
  opaque,      ///< a value that the model does not compute
  not_,
  and_, ///< b is not looked at where a is false
  or_,  ///< b is not looked at where a is true
  eq,
  ne,
  lt, ///< signed when `sign`
  le, ///< signed when `sign`
  add,
  sub,
  mul,
  div,      ///< undefined by 0
  mod,      ///< undefined by 0
  multiple, ///< a % imm == 0 (imm is not 0): the commonest condition of all
  pow2,     ///< 2 ^ a; 0 from exponent 64 on (as the value modulo 2^64)
  slice,    ///< bits aux:field of a (aux = high, field = low)
  ite,      ///< if a then b else c
  cell, ///< object kind `kind` at address a, slot `field` (+ b when an array of imm slots); undefined where none exists
  walk, ///< place where the walk in Realm a for address b to level c ends; always before the command
  place_at,     ///< entry b of table a
  place_var,    ///< the entry that loop imm stands at
  place_level,  ///< level of place a
  entry,        ///< field `field` (EntryField) of the entry at place a
  table_of,     ///< the table that place a is in
  table_child,  ///< the table that the entry at place a points to
  table_at,     ///< the table at physical address a
  table_addr,   ///< physical address of table a
  var,          ///< value of loop imm (a number, an entry's index, or an object's address)
  all_range,    ///< forall/exists (field: 1/0) loop imm from a to b (signed, at most aux rounds) : c
  all_entries,  ///< forall/exists (field: 1/0) loop imm over the entries of table a from b to d (or all) : c
  first_entry,  ///< index of the first entry of table a from b on with c; the number of entries if none
  all_objects,  ///< forall/exists (field: 1/0) loop imm over live objects of `kind` : c
  first_object, ///< address of the first live object of `kind` with c; 0 if none
};

enum class EntryField : std::uint8_t { state, ripas, addr, mem_attr, s2ap };
inline constexpr std::size_t entry_fields = 5;

/// Which state a node reads.
enum class When : std::uint8_t { before, after };

struct Node {
  Op op = Op::constant;
  When when = When::before; ///< for nodes that read state
  bool sign = false;        ///< lt, le: compare as signed
  bool bound = false;       ///< depends on a loop's variable: not to be remembered
  bool boolean = false;     ///< the value is a Bool
  bool keep = true;         ///< worth remembering: used more than once, or needed after the state has changed
  std::uint8_t kind = 0;    ///< object kind
  std::uint16_t field = 0;
  std::uint32_t aux = 0;
  NodeId a = no_node, b = no_node, c = no_node, d = no_node;
  std::uint64_t imm = 0;
};

/// An assignment (or a loop of assignments) that makes success conditions true.
struct Effect {
  enum class Kind : std::uint8_t { cell, entry, range, entries };
  Kind kind = Kind::cell;
  std::uint8_t object = 0;     ///< cell: object kind
  std::uint16_t field = 0;     ///< cell: slot; entry: EntryField
  std::uint16_t condition = 0; ///< index of the success (or request) condition it comes from
  std::uint16_t count = 0;     ///< cell: array size, 0 if none
  std::uint32_t loop = 0;      ///< range, entries: loop number
  std::uint32_t upto = 0;
  NodeId guard = no_node;  ///< only where this holds
  NodeId target = no_node; ///< cell: address; entry: place; entries: table
  NodeId index = no_node;  ///< cell: index in the array
  NodeId value = no_node;
  NodeId from = no_node, to = no_node; ///< range, entries
  std::vector<Effect> body;            ///< range, entries
};

/// An equation that is not an assignment: about outputs, or one that cannot be oriented.
struct Check {
  std::uint16_t condition = 0;
  NodeId holds = no_node; ///< the equation with its guard, over the state after
  NodeId guard = no_node; ///< the guard alone, or no_node
  int output = -1;        ///< index of the output when the equation is `output == value`
  NodeId value = no_node;
};

struct FailureCode {
  NodeId pre = no_node;
  std::uint64_t status = 0;       ///< value of the status code
  NodeId index = no_node;         ///< second argument of ResultEqual; no_node = 0
  std::vector<Check> outputs;     ///< outputs that it defines
  std::uint32_t predecessors = 0; ///< bit i: failure condition i comes before this one
};

/// The equations of `success` or of `request`.
struct Equations {
  std::vector<std::vector<Effect>> groups; ///< to be applied group after group
  std::vector<Check> checks;               ///< to be tested after all of them
  std::vector<NodeId> holds;               ///< per condition: its full equation over the state after; no_node for prose
  std::vector<NodeId> sampled;             ///< nodes over the state before that effects and checks need
};

/// State that may change and that no equation need fix.
struct FootprintCode {
  enum class Kind : std::uint8_t { cell, entry, table, range };
  Kind kind = Kind::cell;
  std::uint8_t object = 0;
  std::uint16_t field = 0, slots = 1; ///< cell: first slot and how many
  std::uint8_t fields = 0;            ///< entry, table: bit set of EntryField
  NodeId target = no_node;
  NodeId from = no_node, to = no_node; ///< range: loop over `target`
  std::uint32_t loop = 0, upto = 0;
};

/// One command, ready to be evaluated.
struct Command {
  CommandDecl decl;
  std::vector<Node> nodes;
  std::uint32_t loops = 0;           ///< number of loop variables
  std::vector<std::string> params;   ///< fields of the structure in memory, as dotted paths
  std::string params_type;           ///< RmiRealmParams, RmiRecParams, RmiRecRun, or empty
  std::vector<std::string> texts;    ///< reasons of `unspecified`
  std::vector<FailureCode> failures; ///< parallel to decl.failure
  Equations success, request;
  std::vector<FootprintCode> footprint;
  std::unordered_map<std::string, NodeId> context_before; ///< scalar context values, for explanations
  std::uint64_t success_value = 0;                        ///< X0 on success
  bool result_is_output = false; ///< X0 is an output: the success conditions say what success returns
};

struct FieldInfo {
  std::string path, type; ///< "state", "flags.runnable", "gprs"
  std::uint16_t slot = 0;
  std::uint16_t count = 0; ///< 0 = no array
};

struct ObjectKind {
  std::string name;
  std::vector<FieldInfo> fields;
  std::uint16_t slots = 0;
  std::uint64_t gate = 0; ///< value of Granule(address).state with which one exists (not for Granule itself)
  [[nodiscard]] const FieldInfo* find(std::string_view path) const;
};

/// Object kinds have fixed numbers, in the order in which every version must declare them.
inline constexpr std::uint8_t granule_kind = 0, realm_kind = 1, rec_kind = 2, object_kinds = 3;

} // namespace rmmcheck::model
