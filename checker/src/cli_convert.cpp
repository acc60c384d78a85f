// rmmcheck convert
#include <fmt/format.h>

#include "cli.hpp"
#include "progress.hpp"
#include "rmmcheck/traces/writer.hpp"

namespace rmmcheck::cli {
namespace {

struct Arguments {
  std::string format, trace, output;
};

constexpr std::size_t buffer_size = std::size_t{64} << 10;

int convert(const Arguments& args) {
  auto opened = open_trace(args.trace, format_of(args.format));
  if (!opened) return complain(opened.error());
  if (const auto error = refuse_overwriting(args.output, {args.trace})) return complain(*error);
  auto output = Output::open(args.output);
  if (!output) return complain(output.error());
  Output& out = output.value();
  traces::Reader& reader = *opened.value();
  catch_interrupts();

  std::string text;
  append_jsonl(text, reader.header());
  std::optional<Error> error;
  std::uint64_t calls = 0;
  traces::Call call;
  traces::Next next = traces::Next::end;
  Progress progress(args.trace);
  while (!error && !interrupted() && (next = reader.next(call)) == traces::Next::call) {
    append_jsonl(text, call);
    ++calls;
    // What comes through a pipe goes on at once.
    if (args.trace == "-" || text.size() >= buffer_size) {
      error = out.write(text);
      if (!error && args.trace == "-") error = out.finish();
      text.clear();
    }
    if ((calls & 0xfff) == 0) progress.show(calls, 0);
  }
  progress.clear();
  if (!error) error = out.write(text);
  if (!error) error = out.finish();
  if (error) return complain(*error);
  if (interrupted()) {
    complain(fmt::format("interrupted: {} calls were converted", calls));
    return checker::exit_code(checker::Verdict::inconclusive);
  }
  if (next == traces::Next::error)
    return complain(fmt::format("{} ({} calls before it were converted)", reader.error().to_string(), calls));
  return 0;
}

} // namespace

void add_convert(CLI::App& app, int& code) {
  auto a = std::make_shared<Arguments>();
  CLI::App& c = *app.add_subcommand("convert", "Write a trace as JSONL (traces/FORMAT.md)");
  c.add_option("TRACE", a->trace, "Any trace that can be read; - is standard input")->required()->type_name("");
  c.add_option("-o,--output", a->output, "Where to write; - is standard output")->required()->type_name("FILE");
  add_format_option(c, a->format);
  c.footer("Example:\n"
           "  rmmcheck convert console.log -o calls.jsonl");
  c.callback([a, &code] { code = convert(*a); });
}

} // namespace rmmcheck::cli
