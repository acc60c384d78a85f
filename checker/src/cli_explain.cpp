// rmmcheck explain
#include <fmt/format.h>

#include "cli.hpp"

namespace rmmcheck::cli {
namespace {

using checker::Explanation;
using checker::Verdict;

struct Arguments {
  SpecArguments spec;
  std::string format, colour, json, trace;
  bool strict = false;
  std::uint64_t call = 0;
};

int explain(const Arguments& args) {
  auto spec = args.spec.load();
  if (!spec) return complain(spec.error());
  auto opened = open_trace(args.trace, format_of(args.format));
  if (!opened) return complain(opened.error());
  std::optional<Output> json;
  if (!args.json.empty()) {
    if (const auto error = refuse_overwriting(args.json, {args.trace})) return complain(*error);
    auto output = Output::open(args.json);
    if (!output) return complain(output.error());
    json.emplace(std::move(output).value());
  }

  traces::Reader& reader = *opened.value();
  checker::Checker checker(spec.value(), reader.header(), {args.strict, 1});
  std::optional<Explanation> found;
  std::uint64_t first = 0, last = 0;
  traces::Call call;
  traces::Next next = traces::Next::end;
  catch_interrupts();
  while (!interrupted() && (next = reader.next(call)) == traces::Next::call) {
    if (first == 0) first = call.seq;
    last = std::max(last, call.seq);
    if (call.seq == args.call) {
      found = checker.explain(call);
      break;
    }
    checker.call(call);
  }
  if (interrupted()) return complain("interrupted");
  if (next == traces::Next::error) return complain(reader.error());
  if (!found)
    return complain(Error{args.trace, 0, 0,
                          fmt::format("there is no call {}: the trace has calls {} to {}", args.call, first, last)});
  // An RMI_REC_ENTER ends where another call of its CPU begins.
  const bool entered = found->call == "RMI_REC_ENTER" && found->tables.size() > 1;
  while (entered && checker.explained_exit() == nullptr && !interrupted() && reader.next(call) == traces::Next::call)
    checker.call(call);
  if (entered) checker.finish();
  const Explanation* exit = checker.explained_exit();

  std::string text;
  if (json) {
    text = checker::explanation_json(*found, exit);
  } else {
    json.emplace(Output::open("-").value());
    text = checker::explanation_text(*found, text_options(args.colour));
    if (exit != nullptr)
      text += "\nWhen the Realm stopped running:\n\n" + checker::explanation_text(*exit, text_options(args.colour));
  }
  auto error = json->write(text);
  if (!error) error = json->finish();
  if (error) return complain(*error);
  if (found->tables.empty()) return 0; // outside the model: nothing to say for or against it
  const bool violating =
      found->verdict == Verdict::violating || (exit != nullptr && exit->verdict == Verdict::violating);
  return checker::exit_code(violating ? Verdict::violating : found->verdict);
}

} // namespace

void add_explain(CLI::App& app, int& code) {
  auto a = std::make_shared<Arguments>();
  CLI::App& c = *app.add_subcommand("explain", "One call seen from inside: every condition with its value");
  c.add_option("TRACE", a->trace, "The trace; - is standard input")->required()->type_name("");
  c.add_option("--call", a->call, "Number of the call (seq)")->required()->type_name("N");
  add_spec_options(c, a->spec);
  add_format_option(c, a->format);
  c.add_flag("--strict", a->strict, "A call that conforms only under a reading is a violation");
  c.add_option("--json", a->json, "Write the explanation as JSON instead; - is standard output")->type_name("FILE");
  add_colour_option(c, a->colour);
  c.footer("Exit code: that of `check`, for this one call.\n\n"
           "Example:\n"
           "  rmmcheck explain boot.jsonl --call 1234");
  c.callback([a, &code] { code = explain(*a); });
}

} // namespace rmmcheck::cli
