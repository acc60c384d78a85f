// A specification version, loaded: types, commands, amendments.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "rmmcheck/error.hpp"
#include "rmmcheck/model/program.hpp"
#include "rmmcheck/model/syntax.hpp"

namespace rmmcheck::model {

struct LoadOptions {
  bool literal = false;              ///< no amendments at all
  std::set<std::string> without;     ///< amendments to leave out
  std::vector<std::string> overlays; ///< further files, read after the version's own
  /// Constants to replace, for a scaled geometry: e.g. {"RMM_RTT_ENTRIES_LOG2", 3}.
  std::map<std::string, std::uint64_t> constants;
};

/// An alternative meaning of a command under one or more amendments of kind `reading`.
struct Variant {
  std::vector<std::string> amendments;
  std::unique_ptr<Command> command;
};

/// Immutable after loading; share it between threads.
class Spec {
public:
  /// `name_or_dir`: a folder, or the name of a version shipped in the specs folder (RMMCHECK_SPECS, the source tree, or
  /// the installed share folder).
  static Result<std::shared_ptr<const Spec>> load(const std::string& name_or_dir, const LoadOptions& options = {});
  /// From memory, for tests: pairs of file name and text.
  static Result<std::shared_ptr<const Spec>> load_texts(const std::string& name,
                                                        const std::vector<std::pair<std::string, std::string>>& files,
                                                        const LoadOptions& options = {});

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::string& title() const { return title_; }
  /// Sorted by name.
  [[nodiscard]] const std::vector<std::unique_ptr<Command>>& commands() const { return commands_; }
  [[nodiscard]] const Command* find(std::string_view name) const;
  [[nodiscard]] const Command* find_fid(std::uint32_t fid) const;
  /// Readings that apply to a command; empty for most.
  [[nodiscard]] const std::vector<Variant>& variants(const Command& command) const;
  [[nodiscard]] const std::vector<AmendmentDecl>& amendments() const { return amendments_; }

  [[nodiscard]] const ObjectKind& object(std::uint8_t kind) const { return objects_[kind]; }
  /// Value of a constant or enumerator; it must exist.
  [[nodiscard]] std::uint64_t value(const std::string& name) const { return values_.at(name); }
  [[nodiscard]] bool has_value(const std::string& name) const { return values_.contains(name); }
  /// Name of an enumerator of `type` for reports; the number in hexadecimal when there is none.
  [[nodiscard]] std::string enumerator(const std::string& type, std::uint64_t value) const;
  [[nodiscard]] const EnumDecl* enumeration(const std::string& type) const;
  [[nodiscard]] const StructDecl* structure(const std::string& type) const;
  /// log2 of the number of entries of a table.
  [[nodiscard]] unsigned entries_log2() const { return entries_log2_; }

private:
  friend class Compiler;
  friend class Lowering;
  friend class SpecBuilder;
  friend class Explainer;
  friend NodeId compile_expression(const Spec&, Command&, const Expr&, When, std::string&);
  std::string name_, title_;
  std::vector<std::unique_ptr<Command>> commands_;
  std::unordered_map<std::string, const Command*> by_name_;
  std::unordered_map<std::uint32_t, const Command*> by_fid_;
  std::unordered_map<const Command*, std::vector<Variant>> variants_;
  std::vector<AmendmentDecl> amendments_;
  std::vector<ObjectKind> objects_;
  std::unordered_map<std::string, std::uint64_t> values_;
  std::unordered_map<std::string, std::string> value_types_;
  std::unordered_map<std::string, EnumDecl> enums_;
  std::unordered_map<std::string, StructDecl> structs_;
  std::unordered_map<std::string, FuncDecl> functions_;
  std::vector<ObjectDecl> object_decls_;
  unsigned entries_log2_ = 9;
};

} // namespace rmmcheck::model
