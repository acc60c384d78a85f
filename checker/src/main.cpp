// The command line of rmmcheck. Each subcommand is a file of its own: cli_check.cpp, cli_explain.cpp, ...
#include <exception>

#include <fmt/format.h>

#include "cli.hpp"

int main(int argc, char** argv) {
  using namespace rmmcheck;
  int code = 0;
  try {
    CLI::App app(
        "Checks what a host and an Arm Realm Management Monitor said to each other against the RMM specification.",
        "rmmcheck");
    app.set_version_flag("--version", fmt::format("rmmcheck {}", checker::version()));
    app.require_subcommand(1);
    app.get_formatter()->column_width(32);
    app.footer("`rmmcheck COMMAND --help` says more. Example:\n  rmmcheck check traces/recorded/lifecycle-3.jsonl");
    cli::add_check(app, code);
    cli::add_explain(app, code);
    cli::add_show(app, code);
    cli::add_convert(app, code);
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      if (e.get_exit_code() == 0) return app.exit(e); // --help, --version
      std::string help = "rmmcheck";
      for (const auto* chosen : app.get_subcommands()) help += " " + chosen->get_name();
      const std::string first = argc > 1 ? argv[1] : "";
      const bool unknown = app.get_subcommands().empty() && !first.empty() && first.front() != '-';
      return cli::complain(
          fmt::format("{}; see `{} --help`", unknown ? "there is no command '" + first + "'" : e.what(), help));
    }
  } catch (const std::exception& e) {
    return cli::complain(fmt::format("cannot go on: {}", e.what()));
  }
  return code;
}
