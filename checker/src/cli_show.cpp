// rmmcheck show
#include <filesystem>

#include <fmt/format.h>

#include "cli.hpp"
#include "show.hpp"

namespace rmmcheck::cli {
namespace {

struct Arguments {
  SpecArguments spec;
  std::string first, command, colour, json;
  bool amendments = false;
};

int show(Arguments args) {
  // `show RMI_RTT_FOLD` means the command: a specification's name never looks like one.
  std::error_code ec;
  const bool names_command =
      args.first.starts_with("RMI_") || args.first.starts_with("RSI_") || args.first.starts_with("PSCI_");
  if (args.command.empty() && names_command && !std::filesystem::exists(args.first, ec))
    args.command = args.first;
  else if (!args.first.empty())
    args.spec.spec = args.first;

  auto loaded = args.spec.load();
  if (!loaded) return complain(loaded.error());
  const model::Spec& spec = *loaded.value();
  const model::Command* command = args.command.empty() ? nullptr : spec.find(args.command);
  if (!args.command.empty() && command == nullptr)
    return complain(fmt::format("{} has no command '{}': `rmmcheck show {}` lists them", spec.name(), args.command,
                                args.spec.spec));

  auto output = Output::open(args.json.empty() ? "-" : args.json);
  if (!output) return complain(output.error());
  std::string text;
  const auto options = text_options(args.colour);
  if (!args.json.empty())
    text = checker::spec_json(spec, command);
  else if (args.amendments)
    text = checker::amendments_text(spec, options);
  else
    text = command != nullptr ? checker::command_text(spec, *command, options) : checker::spec_text(spec, options);
  auto error = output.value().write(text);
  if (!error) error = output.value().finish();
  return error ? complain(*error) : 0;
}

} // namespace

void add_show(CLI::App& app, int& code) {
  auto a = std::make_shared<Arguments>();
  CLI::App& c = *app.add_subcommand("show", "The specification as loaded, as tables");
  c.add_option("SPEC", a->first, "A shipped version by name, or a folder; rmm-1.0-rel0 if none is given")
      ->type_name("");
  c.add_option("COMMAND", a->command, "A command (or REC_ENTRY, REC_EXIT, ...); without one, all are listed")
      ->type_name("");
  add_amendment_options(c, a->spec);
  c.add_flag("--amendments", a->amendments, "The amendments in force, with their reasons");
  c.add_option("--json", a->json, "Write JSON instead; - is standard output")->type_name("FILE");
  add_colour_option(c, a->colour);
  c.footer("Examples:\n"
           "  rmmcheck show\n"
           "  rmmcheck show rmm-1.0-rel0 RMI_DATA_DESTROY\n"
           "  rmmcheck show --literal RMI_DATA_DESTROY");
  c.callback([a, &code] { code = show(*a); });
}

} // namespace rmmcheck::cli
