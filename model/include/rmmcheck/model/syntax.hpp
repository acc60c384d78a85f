// The syntax tree of the specification language (specs/README.md): what a file says, before names and types are
// resolved. Plain data; shared and immutable once parsed, so that amendments can mix pieces of several files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rmmcheck/error.hpp"

namespace rmmcheck::model {

/// Where something stands in a specification file.
struct Position {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0, column = 0;
};

struct Expr;
using ExprPtr = std::shared_ptr<const Expr>;

/// An expression. `args` holds the operands in reading order; `name` the operator, function, field or variable.
struct Expr {
  enum class Kind : std::uint8_t {
    number,      ///< number
    name,        ///< name
    text,        ///< name: a quoted string (prose; or the reason of `unspecified`)
    unary,       ///< name is "!" or "-"
    binary,      ///< name is the operator
    call,        ///< name(args...)
    field,       ///< args[0].name
    index,       ///< args[0][args[1]]
    slice,       ///< args[0][args[1]:args[2]]
    conditional, ///< if args[0] then args[1] else args[2]
    let,         ///< let name = args[0] in args[1]
    range,       ///< forall/exists (quantifier) name in args[0] .. args[1] upto number : args[2]
    over,        ///< forall/exists (quantifier) name in args[0] [from args[2] to args[3]] : args[1]
    first,       ///< first name in args[0] from args[1] where args[2]
    record,      ///< name { names[i]: args[i], ... }: a struct value
  };
  Kind kind = Kind::number;
  bool universal = true; ///< forall (true) or exists (false)
  std::string name;
  std::uint64_t number = 0;
  std::vector<ExprPtr> args;
  std::vector<std::string> names;
  Position position;
  std::string source; ///< as written, white space folded (for reports)
};

/// A bit field of a register or of a 64-bit word.
struct Bits {
  std::uint8_t high = 63, low = 0;
};

/// `name Type[count]`, with a bit position where the struct is a view of a word.
struct FieldDecl {
  std::string name, type;
  std::uint32_t count = 0; ///< 0 = no array
  std::optional<Bits> bits;
  Position position;
};

struct EnumDecl {
  std::string name, section;
  std::vector<std::pair<std::string, std::uint64_t>> values;
  Position position;
};

struct StructDecl {
  std::string name, section;
  std::vector<FieldDecl> fields;
  Position position;
};

struct ConstDecl {
  std::string name;
  ExprPtr value;
  Position position;
};

/// `object Realm(rd Address) RmmRealm when ...`: model state, one per address at which `when` holds.
struct ObjectDecl {
  std::string name, type, section;
  FieldDecl key;
  ExprPtr when;
  Position position;
};

struct FuncDecl {
  enum class Kind : std::uint8_t { defined, builtin, opaque };
  Kind kind = Kind::defined;
  std::string name, type, section;
  std::vector<FieldDecl> params;
  ExprPtr body; ///< only when defined
  Position position;
};

/// A value in a register.
struct RegisterDecl {
  std::string name, type;
  std::uint8_t reg = 0; ///< Xn
  Bits bits;
  bool other_bits_free = false; ///< the text does not say that the register's other bits are zero
  Position position;
};

struct ContextDecl {
  std::string name, type;
  ExprPtr value;
  bool before = false;
  Position position;
};

/// A failure condition, success condition, request equation or footprint item.
struct Condition {
  std::string id;
  ExprPtr pre;  ///< failure: the pre-condition; success: the guard, or null
  ExprPtr post; ///< failure: result and outputs; success: the equation; footprint: the item; null when prose
  std::string prose;
  Position position;
  std::string amendment; ///< the amendment that put it here; empty: the literal text
};

/// `[before...] < [after...]`
struct Ordering {
  std::vector<std::string> before, after;
  Position position;
};

/// One command (or event: a step of the model that is no command, `fid == 0`).
struct CommandDecl {
  std::string name, section;
  std::uint32_t fid = 0;
  bool event = false;
  std::vector<RegisterDecl> inputs, outputs;
  std::vector<ContextDecl> context;
  std::vector<Condition> failure;
  std::vector<Ordering> ordering;
  std::vector<Condition> success, request, footprint;
  Position position;
};

/// One change that an amendment makes to one command.
struct Change {
  enum class Verb : std::uint8_t { add, replace, drop };
  Verb verb = Verb::add;
  std::string part; ///< "context", "failure", "ordering", "success", "request", "footprint"
  std::string command;
  Condition condition; ///< failure, success, request, footprint (only the id when dropped)
  ContextDecl context;
  Ordering ordering;
  Position position;
};

struct AmendmentDecl {
  enum class Kind : std::uint8_t { completes, reading };
  Kind kind = Kind::completes;
  std::string name, section, reason;
  std::vector<Change> changes;
  std::vector<FuncDecl> functions; ///< functions that it defines anew
  Position position;
};

/// All that was read from the files of a version, before amendments are laid over it.
struct Syntax {
  std::string title;
  std::vector<ConstDecl> constants;
  std::vector<EnumDecl> enums;
  std::vector<StructDecl> structs;
  std::vector<ObjectDecl> objects;
  std::vector<FuncDecl> functions;
  std::vector<CommandDecl> commands;
  std::vector<AmendmentDecl> amendments;
};

/// Parses one file's text and appends what it declares to `syntax`. Errors name file, line, column, the offending text
/// and what was expected there. Nesting deeper than 200 and files over 1 MiB are refused (specifications can come from
/// elsewhere).
std::optional<Error> parse_specification(const std::string& file, const std::string& text, Syntax& syntax);

} // namespace rmmcheck::model
