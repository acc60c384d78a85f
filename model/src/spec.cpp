#include "rmmcheck/model/spec.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler.hpp"

namespace rmmcheck::model {

namespace fs = std::filesystem;

const FieldInfo* ObjectKind::find(std::string_view path) const {
  for (const auto& f : fields)
    if (f.path == path) return &f;
  return nullptr;
}

// Builds a Spec step by step; throws CompileError.
class SpecBuilder {
public:
  SpecBuilder(Spec& spec, Syntax syntax, const LoadOptions& options)
      : spec_(spec), syntax_(std::move(syntax)), options_(options) {}

  void build() {
    spec_.title_ = syntax_.title;
    types();
    check_types();
    constants();
    objects();
    for (auto& f : syntax_.functions)
      if (!spec_.functions_.try_emplace(f.name, f).second)
        fail(f.position, "the function '" + f.name + "' stands twice");
    select_amendments();
    commands();
  }

private:
  void add_value(const std::string& name, std::uint64_t value, const std::string& type, const Position& p) {
    if (!spec_.values_.try_emplace(name, value).second)
      fail(p, "the name '" + name + "' is already a constant or enumerator");
    spec_.value_types_[name] = type;
  }

  void types() {
    for (auto& e : syntax_.enums) {
      for (const auto& [name, value] : e.values) add_value(name, value, e.name, e.position);
      if (!spec_.enums_.try_emplace(e.name, e).second) fail(e.position, "the enum '" + e.name + "' stands twice");
    }
    for (auto& s : syntax_.structs)
      if (!spec_.structs_.try_emplace(s.name, s).second) fail(s.position, "the struct '" + s.name + "' stands twice");
  }

  void known_type(const std::string& type, const Position& p) const {
    static const std::set<std::string> builtin{"Bool",
                                               "Address",
                                               "UInt8",
                                               "UInt16",
                                               "UInt32",
                                               "UInt64",
                                               "Int64",
                                               "Bits2",
                                               "Bits3",
                                               "Bits16",
                                               "Bits64",
                                               "RmmRtt",
                                               "RmiCommandReturnCode",
                                               "RsiCommandReturnCode"};
    if (!builtin.contains(type) && !spec_.enums_.contains(type) && !spec_.structs_.contains(type))
      fail(p, "there is no type '" + type + "'");
  }

  // Every type that is named must be there, also in what no command uses.
  void check_types() const {
    const auto fields = [&](const std::vector<FieldDecl>& list, const char* what) {
      std::set<std::string> names;
      for (const auto& f : list) {
        known_type(f.type, f.position);
        if (!names.insert(f.name).second)
          fail(f.position, std::string("the ") + what + " '" + f.name + "' stands twice");
      }
    };
    for (const auto& s : syntax_.structs) fields(s.fields, "field");
    for (const auto& f : syntax_.functions) {
      fields(f.params, "parameter");
      known_type(f.type, f.position);
    }
    for (const auto& o : syntax_.objects) fields({o.key}, "key");
  }

  // Within a command a name means one thing, and a register bit belongs to one value.
  void check_command(const CommandDecl& c) const {
    std::set<std::string> names;
    const auto once = [&](const std::string& name, const Position& p) {
      if (!names.insert(name).second)
        fail(p, "'" + name + "' stands twice among the inputs, outputs and context values of " + c.name);
    };
    const auto registers = [&](const std::vector<RegisterDecl>& rows) {
      for (std::size_t i = 0; i < rows.size(); ++i) {
        once(rows[i].name, rows[i].position);
        known_type(rows[i].type, rows[i].position);
        for (std::size_t j = 0; j < i; ++j)
          if (rows[j].reg == rows[i].reg && rows[j].bits.low <= rows[i].bits.high &&
              rows[i].bits.low <= rows[j].bits.high)
            fail(rows[i].position,
                 "'" + rows[i].name + "' and '" + rows[j].name + "' share bits of X" + std::to_string(rows[i].reg));
      }
    };
    registers(c.inputs);
    registers(c.outputs);
    for (const auto& v : c.context) {
      once(v.name, v.position);
      known_type(v.type, v.position);
    }
    if (c.fid == 0 && !c.event)
      fail(c.position, "the command '" + c.name + "' has no fid, so no call could ever be it");
    for (const auto& o : c.ordering)
      for (const auto& b : o.before)
        if (std::find(o.after.begin(), o.after.end(), b) != o.after.end())
          fail(o.position, "'" + b + "' cannot come before itself");
  }

  // Constants may use one another, in any order.
  void constants() {
    Compiler compiler(spec_, spec_.functions_);
    std::vector<const ConstDecl*> open;
    for (const auto& c : syntax_.constants) {
      if (const auto it = options_.constants.find(c.name); it != options_.constants.end())
        add_value(c.name, it->second, "UInt64", c.position);
      else
        open.push_back(&c);
    }
    while (!open.empty()) {
      std::vector<const ConstDecl*> next;
      std::optional<CompileError> first;
      for (const auto* c : open) {
        try {
          add_value(c->name, compiler.constant(*c->value), "UInt64", c->position);
        } catch (const CompileError& e) {
          if (spec_.values_.contains(c->name)) throw;
          if (!first) first = e;
          next.push_back(c);
        }
      }
      if (next.size() == open.size()) throw CompileError(*first);
      open = std::move(next);
    }
    spec_.entries_log2_ =
        static_cast<unsigned>(spec_.has_value("RMM_RTT_ENTRIES_LOG2") ? spec_.value("RMM_RTT_ENTRIES_LOG2") : 9);
  }

  void flatten(ObjectKind& kind, const std::string& prefix, const std::string& type, const Position& p,
               unsigned depth) {
    const StructDecl* s = spec_.structure(type);
    if (s == nullptr || depth > 8) fail(p, "there is no struct '" + type + "'");
    for (const auto& f : s->fields) {
      const StructDecl* inner = spec_.structure(f.type);
      if (inner != nullptr && !inner->fields.empty() && !inner->fields.front().bits) {
        flatten(kind, prefix + f.name + ".", f.type, f.position, depth + 1);
        continue;
      }
      kind.fields.push_back({prefix + f.name, f.type, kind.slots, static_cast<std::uint16_t>(f.count)});
      kind.slots = static_cast<std::uint16_t>(kind.slots + std::max<std::uint32_t>(f.count, 1));
      if (kind.slots > 1024) fail(f.position, "an object may have at most 1024 slots");
    }
  }

  void objects() {
    static constexpr const char* order[] = {"Granule", "Realm", "Rec"};
    for (const char* name : order) {
      const auto it =
          std::find_if(syntax_.objects.begin(), syntax_.objects.end(), [&](const auto& o) { return o.name == name; });
      if (it == syntax_.objects.end())
        throw CompileError{{spec_.name_, 0, 0, std::string("no file declares 'object ") + name + "'"}};
      ObjectKind kind;
      kind.name = it->name;
      flatten(kind, "", it->type, it->position, 0);
      const Expr& when = *it->when;
      if (kind.name != "Granule") {
        if (when.kind != Expr::Kind::binary || when.name != "==" || when.args[1]->kind != Expr::Kind::name ||
            !spec_.has_value(when.args[1]->name))
          fail(when.position, "expected 'Granule(address).state == STATE'");
        kind.gate = spec_.value(when.args[1]->name);
      }
      spec_.objects_.push_back(std::move(kind));
      spec_.object_decls_.push_back(*it);
    }
  }

  void select_amendments() {
    std::set<std::string> names;
    for (auto& a : syntax_.amendments) {
      if (!names.insert(a.name).second) fail(a.position, "the amendment '" + a.name + "' stands twice");
      if (!options_.literal && !options_.without.contains(a.name)) spec_.amendments_.push_back(a);
    }
    for (const auto& w : options_.without)
      if (!names.contains(w))
        throw CompileError{{"--without", 0, 0, "there is no amendment '" + w + "' in " + spec_.name_}};
    std::sort(spec_.amendments_.begin(), spec_.amendments_.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
  }

  template <class Rows>
  static auto row(Rows& rows, const std::string& id) {
    return std::find_if(rows.begin(), rows.end(), [&](const Condition& c) { return c.id == id; });
  }

  static void change_rows(std::vector<Condition>& rows, const Change& ch) {
    const auto it = row(rows, ch.condition.id);
    if (ch.verb == Change::Verb::add) {
      if (it != rows.end()) fail(ch.position, "'" + ch.condition.id + "' is there already; use 'replace'");
      rows.push_back(ch.condition);
      return;
    }
    if (it == rows.end()) fail(ch.position, ch.command + " has no " + ch.part + " item '" + ch.condition.id + "'");
    if (ch.verb == Change::Verb::drop)
      rows.erase(it);
    else
      *it = ch.condition;
  }

  static void apply(CommandDecl& c, const Change& ch) {
    if (ch.part == "failure") {
      change_rows(c.failure, ch);
      if (ch.verb == Change::Verb::drop) {
        for (auto& o : c.ordering) {
          std::erase(o.before, ch.condition.id);
          std::erase(o.after, ch.condition.id);
        }
      }
    } else if (ch.part == "success") {
      change_rows(c.success, ch);
    } else if (ch.part == "request") {
      change_rows(c.request, ch);
    } else if (ch.part == "footprint") {
      change_rows(c.footprint, ch);
    } else if (ch.part == "context") {
      const auto it =
          std::find_if(c.context.begin(), c.context.end(), [&](const auto& x) { return x.name == ch.context.name; });
      if (ch.verb == Change::Verb::add) {
        if (it != c.context.end()) fail(ch.position, "the context value '" + ch.context.name + "' is there already");
        c.context.push_back(ch.context);
      } else {
        if (it == c.context.end()) fail(ch.position, ch.command + " has no context value '" + ch.context.name + "'");
        *it = ch.context;
      }
    } else if (ch.verb == Change::Verb::add) {
      c.ordering.push_back(ch.ordering);
    } else {
      const auto it = std::find_if(c.ordering.begin(), c.ordering.end(), [&](const Ordering& o) {
        return o.before == ch.ordering.before && o.after == ch.ordering.after;
      });
      if (it == c.ordering.end()) fail(ch.position, ch.command + " has no such ordering group");
      c.ordering.erase(it);
    }
  }

  using Functions = std::unordered_map<std::string, FuncDecl>;

  static Functions with(Functions functions, const AmendmentDecl& a) {
    for (const auto& f : a.functions) functions[f.name] = f;
    return functions;
  }

  std::unique_ptr<Command> compile(const CommandDecl& decl, const Functions& functions) const {
    return Compiler(spec_, functions).compile(decl);
  }

  void commands() {
    std::unordered_map<std::string, CommandDecl> decls;
    std::vector<std::string> order;
    for (auto& c : syntax_.commands) {
      if (!decls.try_emplace(c.name, c).second) fail(c.position, "the command '" + c.name + "' stands twice");
      order.push_back(c.name);
    }
    for (const auto& a : spec_.amendments_)
      for (const auto& ch : a.changes)
        if (!decls.contains(ch.command))
          fail(ch.position, "the amendment '" + a.name + "' changes an unknown command '" + ch.command + "'");
    Functions functions = spec_.functions_;
    for (const auto& a : spec_.amendments_) {
      if (a.kind != AmendmentDecl::Kind::completes) continue;
      functions = with(std::move(functions), a);
      for (const auto& ch : a.changes) apply(decls.at(ch.command), ch);
    }
    spec_.functions_ = functions;
    std::sort(order.begin(), order.end());
    for (const auto& name : order) {
      const CommandDecl& base = decls.at(name);
      check_command(base);
      spec_.commands_.push_back(compile(base, functions));
      Command* command = spec_.commands_.back().get();
      if (spec_.has_value("RMI_SUCCESS")) command->success_value = spec_.value("RMI_SUCCESS");
      spec_.by_name_[name] = command;
      if (base.fid != 0 && !spec_.by_fid_.try_emplace(base.fid, command).second)
        fail(base.position, "another command has the same function identifier");
      readings(*command, base, functions);
    }
  }

  // Each reading alone, then all that concern the command together.
  void readings(const Command& command, const CommandDecl& base, const Functions& functions) {
    std::vector<const AmendmentDecl*> concerned;
    for (const auto& a : spec_.amendments_) {
      if (a.kind != AmendmentDecl::Kind::reading) continue;
      const bool here = std::any_of(a.changes.begin(), a.changes.end(),
                                    [&](const auto& ch) { return ch.command == command.decl.name; });
      if (here || !a.functions.empty()) concerned.push_back(&a);
    }
    const auto variant = [&](const std::vector<const AmendmentDecl*>& which) {
      Variant v;
      CommandDecl decl = base;
      Functions f = functions;
      for (const auto* a : which) {
        v.amendments.push_back(a->name);
        f = with(std::move(f), *a);
        for (const auto& ch : a->changes)
          if (ch.command == decl.name) apply(decl, ch);
      }
      v.command = compile(decl, f);
      spec_.variants_[&command].push_back(std::move(v));
    };
    for (const auto* a : concerned) variant({a});
    if (concerned.size() > 1) variant(concerned);
  }

  Spec& spec_;
  Syntax syntax_;
  const LoadOptions& options_;
};

const Command* Spec::find(std::string_view name) const {
  const auto it = by_name_.find(std::string(name));
  return it == by_name_.end() ? nullptr : it->second;
}
const Command* Spec::find_fid(std::uint32_t fid) const {
  const auto it = by_fid_.find(fid);
  return it == by_fid_.end() ? nullptr : it->second;
}
const std::vector<Variant>& Spec::variants(const Command& command) const {
  static const std::vector<Variant> none;
  const auto it = variants_.find(&command);
  return it == variants_.end() ? none : it->second;
}
const EnumDecl* Spec::enumeration(const std::string& type) const {
  const auto it = enums_.find(type);
  return it == enums_.end() ? nullptr : &it->second;
}
const StructDecl* Spec::structure(const std::string& type) const {
  const auto it = structs_.find(type);
  return it == structs_.end() ? nullptr : &it->second;
}
std::string Spec::enumerator(const std::string& type, std::uint64_t value) const {
  if (const EnumDecl* e = enumeration(type))
    for (const auto& [name, v] : e->values)
      if (v == value) return name;
  if (type == "Int64") return std::to_string(static_cast<std::int64_t>(value));
  if (type == "Bool") return value != 0 ? "TRUE" : "FALSE";
  std::ostringstream out;
  if (type.starts_with("UInt") || type == "Bits2" || type == "Bits3")
    out << value;
  else
    out << "0x" << std::hex << value;
  return out.str();
}

namespace {

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) return Error{path.string(), 0, 0, "cannot be read"};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// A folder as given, or a version's name in one of the places where specifications are kept.
std::vector<fs::path> candidates(const std::string& name) {
  std::vector<fs::path> out{fs::path(name)};
  if (const char* dir = std::getenv("RMMCHECK_SPECS")) out.push_back(fs::path(dir) / name);
#ifdef RMMCHECK_SOURCE_SPECS
  out.push_back(fs::path(RMMCHECK_SOURCE_SPECS) / name);
#endif
#ifdef RMMCHECK_INSTALL_SPECS
  out.push_back(fs::path(RMMCHECK_INSTALL_SPECS) / name);
#endif
  return out;
}

} // namespace

Result<std::shared_ptr<const Spec>> Spec::load(const std::string& name_or_dir, const LoadOptions& options) {
  fs::path dir;
  for (const auto& c : candidates(name_or_dir)) {
    std::error_code ec;
    if (fs::is_directory(c, ec) && dir.empty()) dir = c;
  }
  if (dir.empty())
    return Error{
        name_or_dir, 0, 0,
        "there is no such specification: give a folder, or the name of a shipped version such as rmm-1.0-rel0"};
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<fs::path> paths;
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(dir, ec))
    if (entry.path().extension() == ".rmm") paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  for (const auto& p : paths) {
    auto text = read_file(p);
    if (!text) return text.error();
    files.emplace_back(p.string(), std::move(text).value());
  }
  if (files.empty()) return Error{name_or_dir, 0, 0, "the folder holds no .rmm files"};
  return load_texts(dir.filename().empty() ? dir.parent_path().filename().string() : dir.filename().string(), files,
                    options);
}

Result<std::shared_ptr<const Spec>> Spec::load_texts(const std::string& name,
                                                     const std::vector<std::pair<std::string, std::string>>& files,
                                                     const LoadOptions& options) {
  Syntax syntax;
  for (const auto& [file, text] : files)
    if (auto error = parse_specification(file, text, syntax)) return *error;
  for (const auto& overlay : options.overlays) {
    auto text = read_file(overlay);
    if (!text) return text.error();
    if (auto error = parse_specification(overlay, text.value(), syntax)) return *error;
  }
  auto spec = std::make_shared<Spec>();
  spec->name_ = name;
  try {
    SpecBuilder(*spec, std::move(syntax), options).build();
  } catch (const CompileError& e) {
    return e.error;
  }
  return std::shared_ptr<const Spec>(std::move(spec));
}

} // namespace rmmcheck::model
