// Mistakes in a specification: each is refused with the file, the line, the column, what stands there and what was
// expected instead, and none of them crashes or takes long. The mistakes stand in x.rmm, beside the real types and
// functions.
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "rmmcheck/model/spec.hpp"

using namespace rmmcheck;
using namespace rmmcheck::model;

namespace {

std::string shipped(const char* file) {
  std::ifstream in(std::string(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0/") + file);
  std::stringstream text;
  text << in.rdbuf();
  REQUIRE(!text.str().empty());
  return text.str();
}

Result<std::shared_ptr<const Spec>> load(const std::string& text) {
  static const std::string types = shipped("types.rmm"), functions = shipped("functions.rmm");
  return Spec::load_texts("test", {{"types.rmm", types}, {"functions.rmm", functions}, {"x.rmm", text}});
}

/// Where the mistake stands is marked with an @ in the text; the message must hold every fragment.
struct Mistake {
  const char* what;
  std::string text;
  std::vector<std::string> fragments;
};

void check(const Mistake& mistake) {
  INFO(mistake.what);
  std::string text = mistake.text;
  const auto mark = text.find('@');
  std::uint64_t line = 0;
  std::uint32_t column = 0;
  if (mark != std::string::npos) {
    text.erase(mark, 1);
    line = 1 +
           static_cast<std::uint64_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(mark), '\n'));
    const auto start = mark == 0 ? std::string::npos : text.rfind('\n', mark - 1);
    column = static_cast<std::uint32_t>(mark - (start == std::string::npos ? 0 : start + 1) + 1);
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto spec = load(text);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(took.count() < 20); // with sanitizers on a busy machine
  REQUIRE(!spec.ok());
  const Error& error = spec.error();
  INFO(error.to_string());
  CHECK(error.file == "x.rmm");
  if (mark != std::string::npos) {
    CHECK(error.line == line);
    CHECK(error.column == column);
  }
  for (const auto& fragment : mistake.fragments) CHECK(error.message.find(fragment) != std::string::npos);
  CHECK(error.message.find("grammar::") == std::string::npos); // a name of the parser's own
}

const std::string head = "command RMI_X section B4.3.1\n  fid 0xC4000199\n";
const std::string inputs = "  inputs\n    rd     X1 63:0  Address\n    level  X2 63:0  Int64\n";
const std::string failure = "  failure\n    a  pre: rd == 0\n       post: ResultEqual(result, RMI_ERROR_INPUT)\n";

/// A command with these sections.
std::string command(const std::string& body) { return head + body + "end\n"; }
/// A command with one failure condition.
std::string condition(const std::string& pre, const std::string& post = "ResultEqual(result, RMI_ERROR_INPUT)") {
  return command(inputs + "  failure\n    a  pre: " + pre + "\n       post: " + post + "\n");
}
/// A good command, then an amendment.
std::string amendment(const std::string& body,
                      const std::string& title = "amendment m section A1 completes reason \"why\"\n") {
  return command(inputs + failure) + title + body + "end\n";
}
std::string repeated(const std::string& text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

} // namespace

TEST_CASE("the texts that the mistakes are made in are good", "[language]") {
  for (const auto& text : {command(inputs + failure), condition("!AddrIsGranuleAligned(rd)"), amendment(""),
                           std::string("# nothing\n"), std::string()}) {
    const auto spec = load(text);
    INFO(text);
    INFO((spec.ok() ? std::string() : spec.error().to_string()));
    CHECK(spec.ok());
  }
  // Windows line ends and a missing last newline are no mistakes.
  std::string crlf;
  for (const char c : command(inputs + failure)) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(load(crlf.substr(0, crlf.size() - 2)).ok());
}

TEST_CASE("words in the wrong place", "[language]") {
  const std::string rows = "another row, the next section (in the order fid, inputs, outputs, context, failure, "
                           "ordering, success, request, footprint) or 'end'";
  for (const auto& mistake : std::vector<Mistake>{
           {"a keyword with a typo",
            "@comand RMI_X section B4\nend\n",
            {"found 'comand'", "expected a declaration (command, event, amendment"}},
           {"a section with a typo",
            command("  @inputz\n    rd X1 63:0 Address\n"),
            {"found 'inputz'", "expected " + rows}},
           {"sections in another order",
            command(failure + "  @inputs\n    rd X1 63:0 Address\n"),
            {"found 'inputs'", rows}},
           {"no 'end' at the end of the file", head + inputs + "@", {"found the end of the file", rows}},
           {"no 'end' before the next command",
            head + inputs + "@command RMI_Y section B4.3.2\nend\n",
            {"found 'command'", rows}},
           {"no section number",
            "command RMI_X\n  @fid 1\nend\n",
            {"found 'fid'", "expected 'section' and its number"}},
           {"a context value without 'before'",
            command(inputs + "  context\n    c  UInt64 = rd\n  @failure\n"),
            {"found 'failure'", "expected 'before true' or 'before false'"}},
           {"'before' with another word",
            command(inputs + "  context\n    c  UInt64 = rd before @yes\n"),
            {"found 'yes'", "'true' or 'false'"}},
           {"a condition without 'post:'",
            command(inputs + "  failure\n    a  pre: rd == 0\n    @b  pre: rd == 1\n"),
            {"found 'b'", "expected 'post:' and an expression"}},
           {"a failure without 'pre:'",
            command(inputs + "  failure\n    @a  ResultEqual(result, RMI_ERROR_INPUT)\n"),
            {"a failure condition needs 'pre:' and 'post:'"}},
           {"a failure in prose",
            command(inputs + "  failure\n    @a  \"sometimes\"\n"),
            {"a failure condition needs 'pre:' and 'post:'"}},
           {"an ordering with another sign",
            command(inputs + failure + "  ordering\n    [a] @> [a]\n"),
            {"found '>'", "expected '<'"}},
           {"an ordering without its bracket",
            command(inputs + failure + "  ordering\n    [a @< [a]\n"),
            {"found '<'", "expected ']'"}},
           {"a keyword as an amendment's kind",
            amendment("", "amendment m section A1 @compleets reason \"why\"\n"),
            {"found 'compleets'", "expected 'completes' or 'reading'"}},
           {"an amendment without a reason",
            amendment("", "amendment m section A1 completes\n  @in RMI_X\n"),
            {"found 'in'", "expected 'reason'"}},
           {"an unknown verb in an amendment",
            amendment("  in RMI_X\n    @remove failure a\n"),
            {"found 'remove'", "(add, replace, drop)"}},
           {"an enum without its brace", "enum E @XX = 1\n", {"found 'XX'", "expected '{'"}},
           {"an enum that is not closed", "enum E { XX = 1\n@", {"found the end of the file", "expected '}'"}},
           {"a function without a body",
            "func F(x UInt64) UInt64\n@",
            {"only builtin and opaque functions have no body"}},
           {"bytes that are no text", "@\x01\x02\xff\xfe", {"found '?'", "expected a declaration"}},
           {"a zero byte", std::string("command @\0RMI_X", 14), {"found '?'", "expected a name"}},
           {"one long word", "@" + std::string(1 << 20, 'x').substr(1), {"found 'xxxxxxxx", "expected a declaration"}},
       })
    check(mistake);
}

TEST_CASE("mistakes in expressions", "[language]") {
  for (const auto& mistake : std::vector<Mistake>{
           {"a parenthesis that is not closed",
            command(inputs + "  failure\n    a  pre: (rd == 0\n       @post: 1\n"),
            {"found 'post'", "expected ')' or an operator"}},
           {"a missing operand", condition("rd == @)"), {"found ')'", "expected"}},
           {"'=' for '=='", condition("rd @= 0"), {"found '='"}},
           {"'&' for '&&'", condition("rd == 0 @& level == 1"), {"found '&'"}},
           {"two comparisons", condition("0 < rd @< 5"), {"found '<'"}},
           {"a number with letters", condition("rd == 12@ab"), {"found 'ab'"}},
           {"a hexadecimal number without digits", condition("rd == 0@xg"), {"found 'xg'"}},
           {"a number above 64 bits", condition("rd == @18446744073709551616"), {"the number does not fit 64 bits"}},
           {"a hexadecimal number above 64 bits",
            condition("rd == @0x10000000000000000"),
            {"the number does not fit 64 bits"}},
           {"a quantifier without a bound",
            condition("forall i in 0 .. 3 @: i == rd"),
            {"found ':'", "expected 'upto' and the largest number of rounds"}},
           {"a quantifier over a number",
            condition("forall i in @rd : i == rd"),
            {"a quantifier ranges over a table or a kind of object", "a value of type Address"}},
           {"an unknown name",
            condition("@rdd == 0"),
            {"unknown name 'rdd'", "expected an input, output, context value, constant or enumerator"}},
           {"an unknown status",
            condition("rd == 0", "ResultEqual(result, @RMI_ERROR_INPT)"),
            {"unknown name 'RMI_ERROR_INPT'"}},
           {"an unknown function",
            condition("!@AddrIsGranuleAligend(rd)"),
            {"unknown function 'AddrIsGranuleAligend'"}},
           {"too many arguments",
            condition("!@AddrIsGranuleAligned(rd, level)"),
            {"'AddrIsGranuleAligned' takes 1 argument", "found 2"}},
           {"too few arguments of a builtin function",
            condition("@RttWalk(rd, level).level < 3"),
            {"'RttWalk' takes 3 arguments"}},
           {"an argument of another type",
            condition("AddrIsProtected(rd, @rd)"),
            {"'rd' is a value of type Address", "expected RmmRealm"}},
           {"a condition as a number", condition("@(rd == 0) + 1 == 2"), {"'+' needs two numbers"}},
           {"a number as a condition", condition("@rd"), {"'rd' is a value of type Address", "expected a condition"}},
           {"enumerators of two types",
            condition("@Granule(rd).state == REALM_NEW"),
            {"'Granule(rd).state' is of type RmmGranuleState", "'REALM_NEW' of type RmmRealmState"}},
           {"an unknown field", condition("@Realm(rd).stat == REALM_NEW"), {"'Realm' has no field 'stat'"}},
           {"an index outside the array",
            condition("@Realm(rd).measurements[5] == 0"),
            {"index 5 is outside the array of 5"}},
           {"bits outside the word", condition("@rd[64:0] == 0"), {"expected constant bits [HIGH:LOW] within [63:0]"}},
           {"bits that are not constant", condition("@rd[level:0] == 0"), {"expected constant bits"}},
           {"powers of three", condition("rd == @3 ^ 2"), {"only powers of 2 can be written"}},
           {"'unspecified' without its reason",
            condition("@unspecified(rd)"),
            {"expected unspecified(\"what the text leaves open\")"}},
           {"a failure that says no result",
            command(inputs +
                    "  outputs\n    top  X1 63:0  Address\n  failure\n    a  pre: rd == 0\n       post: @top == 0\n"),
            {"'post:' of 'a' does not say what the result is"}},
           {"a failure that changes state",
            condition("rd == 0", "ResultEqual(result, RMI_ERROR_INPUT) && @Granule(rd).state == RD"),
            {"a failure's 'post:' is about the result and the outputs"}},
           {"a footprint that is no state",
            command(inputs + failure + "  footprint\n    @x  rd + 1\n"),
            {"the footprint item 'x' names no state"}},
       })
    check(mistake);
}

TEST_CASE("declarations that do not fit together", "[language]") {
  for (const auto& mistake : std::vector<Mistake>{
           {"a register above X16",
            command("  inputs\n    @rd  X17 63:0  Address\n"),
            {"expected a register X0 to X16"}},
           {"X0 as an input", command("  inputs\n    @rd  X0 63:0  Address\n"), {"X0 holds the function identifier"}},
           {"bits the wrong way round",
            command("  inputs\n    rd  X1 @0:63  Address\n"),
            {"expected a bit range HIGH:LOW within 63:0"}},
           {"bits above 63", command("  inputs\n    rd  X1 @64:0  Address\n"), {"expected a bit range"}},
           {"a context value of another type",
            command(inputs + "  context\n    c  RmmRec = @Realm(rd) before true\n" + failure),
            {"'Realm(rd)' is a RmmRealm", "expected RmmRec"}},
           {"context values that need one another",
            command(inputs + "  context\n    c  UInt64 = d before true\n    d  UInt64 = @c before true\n" + failure),
            {"'c' refers to itself"}},
           {"a failure condition twice",
            command(inputs + failure + "    @a  pre: rd == 1\n       post: ResultEqual(result, RMI_ERROR_INPUT)\n"),
            {"failure condition 'a' stands twice"}},
           {"a success condition twice",
            command(inputs + "  success\n    s  Granule(rd).state == RD\n    @s  Granule(rd).gpt == GPT_NS\n"),
            {"condition 's' stands twice"}},
           {"an ordering of an unknown condition",
            command(inputs + failure + "  ordering\n    @[a] < [zz]\n"),
            {"'zz' is no failure condition of RMI_X"}},
           {"a command twice", command(inputs) + "@" + command(inputs), {"command 'RMI_X' stands twice"}},
           {"a function identifier twice",
            command(inputs) + "@command RMI_Y section B4\n  fid 0xC4000199\nend\n",
            {"same function identifier"}},
           {"too many failure conditions",
            "@" + command(inputs + "  failure\n" +
                          [] {
                            std::string rows;
                            for (int i = 0; i < 33; ++i)
                              rows += "    a" + std::to_string(i) +
                                      "  pre: rd == 0\n        post: ResultEqual(result, RMI_ERROR_INPUT)\n";
                            return rows;
                          }()),
            {"at most 32 failure conditions"}},
           {"a function twice", "@func Zeros() Bits64 = 0\n", {"function 'Zeros' stands twice"}},
           {"a builtin function that the model does not have",
            "builtin func Foo(x UInt64) Bool\n" + condition("@Foo(rd)"),
            {"the model has no builtin function 'Foo'"}},
           {"a function that returns another type",
            "func F(x UInt64) Bool = @x\n" + condition("F(rd)"),
            {"'x' is a value of type UInt64", "expected Bool"}},
           {"a function that calls itself",
            "func F(x UInt64) UInt64 = F(x)\n" + condition("F(rd) == 0"),
            {"nested too deeply", "does a function call itself?"}},
           {"functions that call one another",
            "func F(x UInt64) UInt64 = G(x)\nfunc G(x UInt64) UInt64 = F(x)\n" + condition("F(rd) == 0"),
            {"does a function call itself?"}},
           {"functions that grow without bound",
            [] {
              std::string text = "func F0(x UInt64) UInt64 = x + 1\n";
              for (int i = 1; i < 24; ++i)
                text += "func F" + std::to_string(i) + "(x UInt64) UInt64 = F" + std::to_string(i - 1) + "(F" +
                        std::to_string(i - 1) + "(x) + " + std::to_string(i) + ")\n";
              return text;
            }() +
                condition("F23(rd) == 0"),
            {"more than 200,000 nodes"}},
           {"a constant twice",
            "@const RMM_GRANULE_SIZE = 1\n",
            {"'RMM_GRANULE_SIZE' is already a constant or enumerator"}},
           {"constants that need one another", "const A1 = @B1\nconst B1 = A1\n", {"unknown name 'B1'"}},
           {"an enumerator twice", "@enum E { RAM = 1 }\n", {"'RAM' is already a constant or enumerator"}},
           {"an enum twice", "@enum RmmRipas { XX = 1 }\n", {"enum 'RmmRipas' stands twice"}},
           {"a struct twice", "@struct RmmRec { a UInt64 }\n", {"struct 'RmmRec' stands twice"}},
           {"an array that is too large", "struct S { a UInt64@[513] }\n", {"expected an array size from 1 to 512"}},
           {"an amendment to an unknown command",
            amendment("  in RMI_NOPE\n    @drop failure x\n"),
            {"amendment 'm' changes an unknown command 'RMI_NOPE'"}},
           {"an amendment that drops an unknown condition",
            amendment("  in RMI_X\n    @drop failure x\n"),
            {"RMI_X has no failure item 'x'"}},
           {"an amendment that replaces an unknown condition",
            amendment("  in RMI_X\n    @replace success x  rd == 0\n"),
            {"RMI_X has no success item 'x'"}},
           {"an amendment that adds what is there",
            amendment(
                "  in RMI_X\n    @add failure a  pre: rd == 0\n      post: ResultEqual(result, RMI_ERROR_INPUT)\n"),
            {"'a' is there already; use 'replace'"}},
           {"an amendment that drops an unknown ordering",
            amendment("  in RMI_X\n    @drop ordering [a] < [a]\n"),
            {"RMI_X has no such ordering group"}},
           {"an amendment with a mistake of type",
            amendment(
                "  in RMI_X\n    replace failure a  pre: @rd\n      post: ResultEqual(result, RMI_ERROR_INPUT)\n"),
            {"'rd' is a value of type Address", "expected a condition"}},
           {"an amendment twice",
            amendment("") + "@amendment m section A1 completes reason \"again\"\nend\n",
            {"amendment 'm' stands twice"}},
       })
    check(mistake);
}

TEST_CASE("text that is too large or too deep", "[language]") {
  const std::string deep = "nested too deeply";
  for (const auto& mistake : std::vector<Mistake>{
           {"a file over 1 MiB", std::string((1 << 20) + 1, ' '), {"the file is over 1 MiB"}},
           {"parentheses", condition(repeated("(", 5000) + "rd == 0" + repeated(")", 5000)), {deep}},
           {"nothing but parentheses", "const A1 = " + repeated("(", 1'000'000), {deep}},
           {"negations", condition(repeated("!", 100'000) + "(rd == 0)"), {deep}},
           {"minus signs", "const A1 = " + repeated("-", 1'000'000), {deep}},
           {"conditionals", condition(repeated("if rd == 1 then rd == 1 else ", 3000) + "rd == 2"), {deep}},
           {"implications", condition(repeated("rd == 0 => ", 3000) + "rd == 2"), {deep}},
           {"subscripts", condition("rd" + repeated("[3:0]", 1000) + " == 0"), {deep}},
           {"a long sum",
            condition("rd" + repeated(" + rd", 1001) + " == 0"),
            {"too long (more than 1,000 operators)"}},
       })
    check(mistake);
  CHECK(load("# " + std::string((1 << 20) - 2, '#')).ok());
}

TEST_CASE("a specification that is not there", "[language]") {
  const auto missing = Spec::load("/nowhere/rmm-9.9");
  REQUIRE(!missing.ok());
  CHECK(missing.error().file == "/nowhere/rmm-9.9");
  CHECK(missing.error().message.find("there is no such specification") != std::string::npos);
  const auto empty = Spec::load(RMMCHECK_SOURCE_DIR "/tests/model");
  REQUIRE(!empty.ok());
  CHECK(empty.error().message.find("no .rmm files") != std::string::npos);
  CHECK(!Spec::load_texts("nothing", {}).ok());
  CHECK(!Spec::load_texts("empty", {{"empty.rmm", ""}}).ok());
  LoadOptions options;
  options.overlays = {"/nowhere/overlay.rmm"};
  const auto overlay = Spec::load(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0", options);
  REQUIRE(!overlay.ok());
  CHECK(overlay.error().file == "/nowhere/overlay.rmm");
  LoadOptions without;
  without.without = {"no_such_amendment"};
  const auto dropped = Spec::load(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0", without);
  REQUIRE(!dropped.ok());
  CHECK(dropped.error().message.find("there is no amendment 'no_such_amendment'") != std::string::npos);
}

// What the loader should refuse, or say better, and does not yet. Each case fails here without failing the suite; when
// the loader has learnt it, it moves up into its table.
TEST_CASE("mistakes that are not refused yet", "[language][!mayfail]") {
  const std::vector<Mistake> gaps = {
      {"a conditional without 'else'",
       command(inputs + "  failure\n    a  pre: if rd == 0 then level == 1\n       @post: 1\n"),
       {"expected 'else'"}},
      {"a let without 'in'", condition("let x = rd @x == 0"), {"expected 'in'"}},
      {"a text that is not closed",
       command(inputs + failure + "  success\n    s  @\"never closed\n"),
       {"closing '\"'"}},
      {"an input of an unknown type", command("  inputs\n    rd  X1 63:0  @Adress\n"), {"Adress"}},
      {"a context value of an unknown type",
       command(inputs + "  context\n    c  @RmmReallm = Realm(rd) before true\n"),
       {"RmmReallm"}},
      {"a struct field of an unknown type", "struct S { a @Foo }\n", {"Foo"}},
      {"a function of unknown types", "func F(x @Adress) Bool = x == 0\n", {"Adress"}},
      {"a function that nobody calls, with an unknown name", "func F(x UInt64) UInt64 = @y\n", {"unknown name 'y'"}},
      {"a parameter twice", "func F(x UInt64, @x UInt64) UInt64 = x\n", {"x", "twice"}},
      {"an input twice", command("  inputs\n    rd  X1 63:0  Address\n    @rd  X2 63:0  Address\n"), {"'rd'", "twice"}},
      {"two inputs in the same bits",
       command("  inputs\n    rd  X1 63:0  Address\n    @ra  X1 63:0  Address\n"),
       {"X1"}},
      {"an output with the name of an input", command(inputs + "  outputs\n    @rd  X1 63:0  Address\n"), {"'rd'"}},
      {"a context value twice",
       command(inputs + "  context\n    c  UInt64 = rd before true\n    @c  UInt64 = rd before false\n"),
       {"'c'", "twice"}},
      {"a footprint item twice",
       command(inputs + "  footprint\n    s  Granule(rd).state\n    @s  Granule(rd).gpt\n"),
       {"'s'", "twice"}},
      {"a condition before itself", command(inputs + failure + "  ordering\n    @[a] < [a]\n"), {"'a'"}},
      {"an object of an unknown kind", "@object Foo(x Address) RmmRec when x == 0\n", {"Foo"}},
      {"an object twice", "@object Rec(rec Address) RmmRec when Granule(rec).state == REC\n", {"Rec", "twice"}},
      {"a function identifier above 32 bits", "command RMI_X section B4\n  fid @0x1C4000199\nend\n", {"32 bits"}},
      {"a command without a function identifier", "@command RMI_X section B4\nend\n", {"fid"}},
      {"a division by zero", condition("@rd / 0 == 2"), {"0"}},
      {"more rounds than 32", condition("forall i in 0 .. rd upto @99999999999 : i == rd"), {"rounds"}},
      {"an output that no register of the format carries", command("  outputs\n    @top  X9 63:0  Address\n"), {"X9"}},
  };
  for (const auto& mistake : gaps) {
    DYNAMIC_SECTION(mistake.what) { check(mistake); }
  }
}
