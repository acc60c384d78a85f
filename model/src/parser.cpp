#include "rmmcheck/model/syntax.hpp"

#include <algorithm>
#include <charconv>

#include "grammar.hpp"

namespace rmmcheck::model {
namespace {

namespace g = grammar;
namespace pegtl = tao::pegtl;

// What was expected, for the rules behind `must`. A rule without a text here never fails for good.
template <class Rule>
inline constexpr const char* expected = nullptr;
template <>
inline constexpr const char* expected<g::expression> = "an expression";
template <>
inline constexpr const char* expected<g::close_paren> = "')' or an operator";
template <>
inline constexpr const char* expected<g::close_bracket> = "']'";
template <>
inline constexpr const char* expected<g::kw_then> = "'then'";
template <>
inline constexpr const char* expected<g::kw_else> = "'else'";
template <>
inline constexpr const char* expected<g::kw_in> = "'in'";
template <>
inline constexpr const char* expected<g::colon> = "':' and an expression";
template <>
inline constexpr const char* expected<g::upto> = "'upto' and the largest number of rounds";
template <>
inline constexpr const char* expected<g::name> = "a name that is no keyword";
template <>
inline constexpr const char* expected<g::number> = "a number";
template <>
inline constexpr const char* expected<g::text> = "a quoted text";
template <>
inline constexpr const char* expected<g::unary> = "an operand";
template <>
inline constexpr const char* expected<g::power> = "an operand";
template <>
inline constexpr const char* expected<g::product> = "an operand";
template <>
inline constexpr const char* expected<g::sum> = "an operand";
template <>
inline constexpr const char* expected<g::comparison> = "an operand";
template <>
inline constexpr const char* expected<g::conjunction> = "an operand";
template <>
inline constexpr const char* expected<g::section> = "'section' and its number";
template <>
inline constexpr const char* expected<g::section_number> = "a section number such as B4.3.21";
template <>
inline constexpr const char* expected<g::bits> = "a bit range such as 63:0";
template <>
inline constexpr const char* expected<g::type_name> = "a type name";
template <>
inline constexpr const char* expected<g::declaration> = "a declaration 'name Type'";
template <>
inline constexpr const char* expected<g::parameters> = "a parameter list '(name Type, ...)'";
template <>
inline constexpr const char* expected<g::open_brace> = "'{'";
template <>
inline constexpr const char* expected<g::close_brace> = "'}' or another member 'name ...'";
template <>
inline constexpr const char* expected<g::kw_before> = "'before true' or 'before false'";
template <>
inline constexpr const char* expected<g::truth> = "'true' or 'false'";
template <>
inline constexpr const char* expected<g::post> = "'post:' and an expression";
template <>
inline constexpr const char* expected<g::names> = "a list of condition ids '[a, b]'";
template <>
inline constexpr const char* expected<g::command_end> =
    "another row, the next section (in the order fid, inputs, outputs, context, failure, ordering, success, request, "
    "footprint) or 'end'";
template <>
inline constexpr const char* expected<g::amendment_kind> = "'completes' or 'reading'";
template <>
inline constexpr const char* expected<g::reason> = "'reason' and a quoted paragraph";
template <>
inline constexpr const char* expected<g::amendment_end> = "'in COMMAND', a change (add, replace, drop) or 'end'";
template <>
inline constexpr const char* expected<g::context_row> = "a context row 'name Type = expression before true|false'";
template <>
inline constexpr const char* expected<g::ordering_row> = "an ordering '[a] < [b]'";
template <>
inline constexpr const char* expected<g::condition_row> = "an id and a condition";
template <>
inline constexpr const char* expected<g::kw_when> = "'when' and the condition under which the object exists";
template <>
inline constexpr const char* expected<g::kw_from> = "'from' and the index to start at";
template <>
inline constexpr const char* expected<g::kw_to> = "'to' and the last index";
template <>
inline constexpr const char* expected<g::kw_where> = "'where' and a condition";
template <>
inline constexpr const char* expected<g::end_of_file> =
    "a declaration (command, event, amendment, const, enum, struct, object, func)";
template <>
inline constexpr const char* expected<pegtl::one<'='>> = "'='";
template <>
inline constexpr const char* expected<pegtl::one<'<'>> = "'<'";
template <>
inline constexpr const char* expected<pegtl::one<'('>> = "'('";
template <>
inline constexpr const char* expected<pegtl::sor<g::prose, g::guarded, g::expression>> =
    "a condition: 'pre: ... post: ...', an expression, or quoted prose";

struct Messages {
  template <class Rule>
  static constexpr const char* message = expected<Rule>;
  template <class Rule>
  static constexpr bool raise_on_failure = false;
};
template <class Rule>
using Control = typename pegtl::must_if<Messages, pegtl::normal, false>::template control<Rule>;

template <class Rule>
struct Limits : pegtl::nothing<Rule> {};
template <>
struct Limits<g::expression> : pegtl::limit_depth<200> {};
template <>
struct Limits<g::unary> : pegtl::limit_depth<400> {};

// An operator level that holds only one operand is that operand; otherwise the node keeps its text (fold_one would
// not).
struct fold_single : pegtl::parse_tree::apply<fold_single> {
  template <class Node, class... States>
  static void transform(std::unique_ptr<Node>& n, States&&...) {
    if (n->children.size() == 1) n = std::move(n->children.front());
  }
};

template <class Rule>
using Selector = pegtl::parse_tree::selector<
    Rule,
    pegtl::parse_tree::store_content::on<
        g::name, g::any_name, g::number, g::text, g::section_number, g::quantifier_kind, g::unary_op, g::pow_op,
        g::mul_op, g::add_op, g::compare_op, g::and_op, g::or_op, g::implies_op, g::type_name, g::function_kind,
        g::truth, g::command_kind, g::verb, g::part, g::amendment_kind, g::free_bits, g::reference, g::arguments,
        g::record, g::record_field, g::parenthesised, g::conditional, g::let, g::upto, g::range_tail, g::from_to,
        g::quantifier, g::first, g::field, g::subscript, g::section, g::bits, g::count, g::declaration, g::version,
        g::constant, g::enumerator, g::enumeration, g::structure, g::object, g::parameters, g::function,
        g::register_row, g::context_row, g::pre, g::post, g::prose, g::guarded, g::condition_row, g::names,
        g::ordering_row, g::fid, g::inputs, g::outputs, g::context, g::failure, g::ordering, g::success, g::request,
        g::footprint, g::command, g::change_context, g::add_ordering, g::change_condition, g::drop_ordering,
        g::drop_condition, g::changes, g::reason, g::amendment>,
    fold_single::on<g::postfix, g::unary, g::power, g::product, g::sum, g::comparison, g::conjunction, g::disjunction,
                    g::expression>>;

using Node = pegtl::parse_tree::node;

// Turns PEGTL's tree into the syntax tree.
class Builder {
public:
  Builder(std::string file, const std::string& text)
      : file_(std::make_shared<const std::string>(std::move(file))), text_(text) {}

  void file(const Node& root, Syntax& syntax) {
    for (const auto& n : root.children) {
      if (n->is_type<g::version>()) syntax.title = unquote(*n->children.at(0));
      if (n->is_type<g::constant>()) syntax.constants.push_back({text(*n, 0), expr(*n->children.at(1)), at(*n)});
      if (n->is_type<g::enumeration>()) syntax.enums.push_back(enumeration(*n));
      if (n->is_type<g::structure>()) syntax.structs.push_back(structure(*n));
      if (n->is_type<g::object>()) syntax.objects.push_back(object(*n));
      if (n->is_type<g::function>()) syntax.functions.push_back(function(*n));
      if (n->is_type<g::command>()) syntax.commands.push_back(command(*n));
      if (n->is_type<g::amendment>()) syntax.amendments.push_back(amendment(*n));
    }
  }

private:
  [[nodiscard]] Position at(const Node& n) const {
    return {file_, static_cast<std::uint32_t>(n.begin().line), static_cast<std::uint32_t>(n.begin().column)};
  }
  static std::string text(const Node& n) { return n.string(); }
  static std::string text(const Node& n, std::size_t child) { return n.children.at(child)->string(); }
  static std::string unquote(const Node& n) {
    const std::string quoted = n.is_type<g::prose>() ? n.children.at(0)->string() : n.string();
    return folded(quoted.substr(1, quoted.size() - 2));
  }
  static std::string folded(std::string_view raw) {
    std::string out;
    bool gap = false;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] == '#') {
        while (i < raw.size() && raw[i] != '\n') ++i;
        gap = true;
        continue;
      }
      if (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
        gap = true;
        continue;
      }
      if (gap && !out.empty()) out += ' ';
      gap = false;
      out += raw[i];
    }
    return out;
  }
  static std::uint64_t number(const Node& n) {
    const std::string s = n.string();
    const bool hex = s.size() > 2 && s[1] == 'x';
    std::uint64_t value = 0;
    const auto [end, ec] = std::from_chars(s.data() + (hex ? 2 : 0), s.data() + s.size(), value, hex ? 16 : 10);
    if (ec != std::errc()) throw pegtl::parse_error("the number does not fit 64 bits", n.begin());
    return value;
  }

  // The text of an expression is for messages and reports; what is longer than a screen is cut, so that a chain of
  // thousands of operators does not hold thousands of copies of itself.
  std::string source(std::size_t from, std::size_t to) const {
    constexpr std::size_t longest = 2000;
    std::string out = folded(std::string_view(text_).substr(from, std::min(to - from, longest)));
    return to - from > longest ? out + " ..." : out;
  }
  ExprPtr make(const Node& n, Expr e) const {
    e.position = at(n);
    e.source = source(n.begin().byte, n.end().byte);
    return std::make_shared<const Expr>(std::move(e));
  }
  ExprPtr binary(const Node& n, const std::string& op, ExprPtr a, ExprPtr b) const {
    return make(n, {Expr::Kind::binary, true, op, 0, {std::move(a), std::move(b)}, {}, {}, {}});
  }

  ExprPtr expr(const Node& n) const {
    if (n.is_type<g::number>()) return make(n, {Expr::Kind::number, true, {}, number(n), {}, {}, {}, {}});
    if (n.is_type<g::text>()) return make(n, {Expr::Kind::text, true, unquote(n), 0, {}, {}, {}, {}});
    if (n.is_type<g::parenthesised>()) return expr(*n.children.at(0));
    if (n.is_type<g::reference>()) return reference(n);
    if (n.is_type<g::conditional>()) return make(n, {Expr::Kind::conditional, true, {}, 0, exprs(n, 0), {}, {}, {}});
    if (n.is_type<g::let>()) return make(n, {Expr::Kind::let, true, text(n, 0), 0, exprs(n, 1), {}, {}, {}});
    if (n.is_type<g::first>()) return make(n, {Expr::Kind::first, true, text(n, 0), 0, exprs(n, 1), {}, {}, {}});
    if (n.is_type<g::quantifier>()) return quantifier(n);
    if (n.is_type<g::postfix>()) return postfix(n);
    if (n.is_type<g::unary>())
      return make(n, {Expr::Kind::unary, true, text(n, 0), 0, {expr(*n.children.at(1))}, {}, {}, {}});
    // What is left are the chains `operand (op operand)*`, left-associative but for `=>`.
    if (n.is_type<g::expression>()) return binary(n, "=>", expr(*n.children.at(0)), expr(*n.children.at(2)));
    if (n.children.size() > 2000)
      throw pegtl::parse_error("the expression is too long (more than 1,000 operators)", n.begin());
    ExprPtr left = expr(*n.children.at(0));
    for (std::size_t i = 1; i + 1 < n.children.size(); i += 2)
      left = binary(n, text(n, i), std::move(left), expr(*n.children.at(i + 1)));
    return left;
  }
  std::vector<ExprPtr> exprs(const Node& n, std::size_t from) const {
    std::vector<ExprPtr> out;
    for (std::size_t i = from; i < n.children.size(); ++i) out.push_back(expr(*n.children[i]));
    return out;
  }
  ExprPtr reference(const Node& n) const {
    if (n.children.size() == 1) return make(n, {Expr::Kind::name, true, text(n, 0), 0, {}, {}, {}, {}});
    const Node& tail = *n.children.at(1);
    if (tail.is_type<g::arguments>())
      return make(n, {Expr::Kind::call, true, text(n, 0), 0, exprs(tail, 0), {}, {}, {}});
    Expr e;
    e.kind = Expr::Kind::record;
    e.name = text(n, 0);
    for (const auto& f : tail.children) {
      e.names.push_back(text(*f, 0));
      e.args.push_back(expr(*f->children.at(1)));
    }
    return make(n, std::move(e));
  }
  ExprPtr quantifier(const Node& n) const {
    Expr e;
    e.universal = text(n, 0) == "forall";
    e.name = text(n, 1);
    e.args.push_back(expr(*n.children.at(2)));
    const Node& third = *n.children.at(3);
    if (third.is_type<g::range_tail>()) {
      e.kind = Expr::Kind::range;
      e.args.push_back(expr(*third.children.at(0)));
      e.number = number(*third.children.at(1)->children.at(0));
      if (e.number > 512)
        throw pegtl::parse_error("expected at most 512 rounds", third.children.at(1)->children.at(0)->begin());
      e.args.push_back(expr(*n.children.at(4)));
    } else if (third.is_type<g::from_to>()) {
      e.kind = Expr::Kind::over;
      e.args.push_back(expr(*n.children.at(4)));
      e.args.push_back(expr(*third.children.at(0)));
      e.args.push_back(expr(*third.children.at(1)));
    } else {
      e.kind = Expr::Kind::over;
      e.args.push_back(expr(third));
    }
    return make(n, std::move(e));
  }
  ExprPtr postfix(const Node& n) const {
    ExprPtr left = expr(*n.children.at(0));
    for (std::size_t i = 1; i < n.children.size(); ++i) {
      const Node& tail = *n.children[i];
      Expr e;
      e.args.push_back(std::move(left));
      if (tail.is_type<g::field>()) {
        e.kind = Expr::Kind::field;
        e.name = text(tail, 0);
      } else {
        e.kind = tail.children.size() == 2 ? Expr::Kind::slice : Expr::Kind::index;
        for (const auto& c : tail.children) e.args.push_back(expr(*c));
      }
      e.position = at(n);
      e.source = source(n.begin().byte, tail.end().byte);
      left = std::make_shared<const Expr>(std::move(e));
    }
    return left;
  }

  static Bits bit_range(const Node& n) {
    const auto high = number(*n.children.at(0)), low = number(*n.children.at(1));
    if (high > 63 || low > high) throw pegtl::parse_error("expected a bit range HIGH:LOW within 63:0", n.begin());
    return {static_cast<std::uint8_t>(high), static_cast<std::uint8_t>(low)};
  }
  FieldDecl declaration(const Node& n) const {
    FieldDecl f{text(n, 0), text(n, 1), 0, std::nullopt, at(n)};
    for (std::size_t i = 2; i < n.children.size(); ++i) {
      const Node& c = *n.children[i];
      if (c.is_type<g::bits>()) {
        f.bits = bit_range(c);
      } else {
        const auto count = number(*c.children.at(0));
        if (count == 0 || count > 512) throw pegtl::parse_error("expected an array size from 1 to 512", c.begin());
        f.count = static_cast<std::uint32_t>(count);
      }
    }
    return f;
  }
  static std::string section(const Node& n) { return text(n, 0); }

  EnumDecl enumeration(const Node& n) const {
    EnumDecl e{text(n, 0), {}, {}, at(n)};
    for (const auto& c : n.children) {
      if (c->is_type<g::section>()) e.section = section(*c);
      if (c->is_type<g::enumerator>()) e.values.emplace_back(text(*c, 0), number(*c->children.at(1)));
    }
    return e;
  }
  StructDecl structure(const Node& n) const {
    StructDecl s{text(n, 0), {}, {}, at(n)};
    for (const auto& c : n.children) {
      if (c->is_type<g::section>()) s.section = section(*c);
      if (c->is_type<g::declaration>()) s.fields.push_back(declaration(*c));
    }
    return s;
  }
  ObjectDecl object(const Node& n) const {
    ObjectDecl o;
    o.name = text(n, 0);
    o.key = declaration(*n.children.at(1));
    o.type = text(n, 2);
    o.position = at(n);
    if (n.children.at(3)->is_type<g::section>()) o.section = section(*n.children.at(3));
    o.when = expr(*n.children.back());
    return o;
  }
  FuncDecl function(const Node& n) const {
    FuncDecl f;
    f.position = at(n);
    std::size_t i = 0;
    if (n.children.at(0)->is_type<g::function_kind>())
      f.kind = text(n, i++) == "opaque" ? FuncDecl::Kind::opaque : FuncDecl::Kind::builtin;
    f.name = text(n, i++);
    for (const auto& p : n.children.at(i++)->children) f.params.push_back(declaration(*p));
    f.type = text(n, i++);
    if (i < n.children.size() && n.children[i]->is_type<g::section>()) f.section = section(*n.children[i++]);
    if (i < n.children.size()) f.body = expr(*n.children[i]);
    if (f.kind == FuncDecl::Kind::defined && !f.body)
      throw pegtl::parse_error("expected '= expression': only builtin and opaque functions have no body", n.end());
    return f;
  }

  RegisterDecl register_row(const Node& n) const {
    RegisterDecl r;
    r.position = at(n);
    r.name = text(n, 0);
    const auto reg = number(*n.children.at(1));
    if (reg > 16) throw pegtl::parse_error("expected a register X0 to X16", n.begin());
    r.reg = static_cast<std::uint8_t>(reg);
    r.bits = bit_range(*n.children.at(2));
    r.other_bits_free = n.children.at(3)->is_type<g::free_bits>();
    r.type = n.children.back()->string();
    return r;
  }
  ContextDecl context_row(const Node& n) const {
    return {text(n, 0), text(n, 1), expr(*n.children.at(2)), text(n, 3) == "true", at(n)};
  }
  Condition condition_row(const Node& n) const {
    Condition c;
    c.id = text(n, 0);
    c.position = at(n);
    const Node& body = *n.children.at(1);
    if (body.is_type<g::prose>()) {
      c.prose = unquote(body);
    } else if (body.is_type<g::guarded>()) {
      c.pre = expr(*body.children.at(0)->children.at(0));
      c.post = expr(*body.children.at(1)->children.at(0));
    } else {
      c.post = expr(body);
    }
    return c;
  }
  Ordering ordering_row(const Node& n) const {
    Ordering o;
    o.position = at(n);
    for (const auto& c : n.children.at(0)->children) o.before.push_back(c->string());
    for (const auto& c : n.children.at(1)->children) o.after.push_back(c->string());
    return o;
  }
  CommandDecl command(const Node& n) const {
    CommandDecl c;
    c.event = text(n, 0) == "event";
    c.name = text(n, 1);
    c.section = section(*n.children.at(2));
    c.position = at(n);
    for (const auto& part : n.children) {
      const auto& rows = part->children;
      if (part->is_type<g::fid>()) {
        const auto fid = number(*rows.at(0));
        if (fid > 0xffffffff)
          throw pegtl::parse_error("expected a function identifier of 32 bits", rows.at(0)->begin());
        c.fid = static_cast<std::uint32_t>(fid);
      }
      if (part->is_type<g::inputs>())
        for (const auto& r : rows) c.inputs.push_back(register_row(*r));
      if (part->is_type<g::outputs>())
        for (const auto& r : rows) c.outputs.push_back(register_row(*r));
      if (part->is_type<g::context>())
        for (const auto& r : rows) c.context.push_back(context_row(*r));
      if (part->is_type<g::failure>())
        for (const auto& r : rows) c.failure.push_back(condition_row(*r));
      if (part->is_type<g::ordering>())
        for (const auto& r : rows) c.ordering.push_back(ordering_row(*r));
      if (part->is_type<g::success>())
        for (const auto& r : rows) c.success.push_back(condition_row(*r));
      if (part->is_type<g::request>())
        for (const auto& r : rows) c.request.push_back(condition_row(*r));
      if (part->is_type<g::footprint>())
        for (const auto& r : rows) c.footprint.push_back(condition_row(*r));
    }
    return c;
  }

  AmendmentDecl amendment(const Node& n) const {
    AmendmentDecl a;
    a.name = text(n, 0);
    a.section = section(*n.children.at(1));
    a.kind = text(n, 2) == "reading" ? AmendmentDecl::Kind::reading : AmendmentDecl::Kind::completes;
    a.reason = unquote(*n.children.at(3)->children.at(0));
    a.position = at(n);
    for (const auto& c : n.children) {
      if (c->is_type<g::function>()) a.functions.push_back(function(*c));
      if (!c->is_type<g::changes>()) continue;
      for (std::size_t i = 1; i < c->children.size(); ++i)
        a.changes.push_back(change(*c->children[i], text(*c, 0), a.name));
    }
    return a;
  }
  Change change(const Node& n, const std::string& command, const std::string& amendment) const {
    Change c;
    c.command = command;
    c.position = at(n);
    if (n.is_type<g::change_context>()) {
      c.verb = text(n, 0) == "add" ? Change::Verb::add : Change::Verb::replace;
      c.part = "context";
      c.context = context_row(*n.children.at(1));
    } else if (n.is_type<g::change_condition>()) {
      c.verb = text(n, 0) == "add" ? Change::Verb::add : Change::Verb::replace;
      c.part = text(n, 1);
      c.condition = condition_row(*n.children.at(2));
      c.condition.amendment = amendment;
    } else if (n.is_type<g::drop_condition>()) {
      c.verb = Change::Verb::drop;
      c.part = text(n, 0);
      c.condition.id = text(n, 1);
    } else {
      c.verb = n.is_type<g::add_ordering>() ? Change::Verb::add : Change::Verb::drop;
      c.part = "ordering";
      c.ordering = ordering_row(*n.children.at(0));
    }
    return c;
  }

  std::shared_ptr<const std::string> file_;
  const std::string& text_;
};

// The word (or symbol) at a byte position, for "found ...".
std::string word_at(const std::string& text, std::size_t byte) {
  if (byte >= text.size()) return "the end of the file";
  std::size_t end = byte;
  while (end < text.size() && end - byte < 40 &&
         (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_'))
    ++end;
  if (end == byte) end = byte + 1;
  std::string word;
  for (std::size_t i = byte; i < end; ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\n') return "the end of the line";
    word += c < 0x20 || c >= 0x7f ? '?' : static_cast<char>(c);
  }
  return "'" + word + "'";
}

} // namespace

std::optional<Error> parse_specification(const std::string& file, const std::string& text, Syntax& syntax) {
  if (text.size() > (std::size_t{1} << 20)) return Error{file, 0, 0, "the file is over 1 MiB; split it"};
  pegtl::memory_input<> in(text, file);
  try {
    const auto root = pegtl::parse_tree::parse<g::file, Node, Selector, Limits, Control>(in);
    if (!root) return Error{file, 1, 1, "expected a declaration"};
    Builder(file, text).file(*root, syntax);
    return std::nullopt;
  } catch (const pegtl::parse_error& e) {
    const auto& p = e.positions().front();
    const std::string what(e.message());
    const bool own_sentence = what.starts_with("expected ") || what.starts_with("the ");
    std::string message = own_sentence                  ? what
                          : what.starts_with("maximum") ? "the expression is nested too deeply (more than 200 levels)"
                                                        : "found " + word_at(text, p.byte) + ", expected " + what;
    return Error{file, p.line, static_cast<std::uint32_t>(p.column), std::move(message)};
  }
}

} // namespace rmmcheck::model
