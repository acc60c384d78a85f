#include "cli.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

namespace rmmcheck::cli {

int complain(const Error& error) { return complain(error.to_string()); }
int complain(const std::string& message) {
  fmt::print(stderr, "rmmcheck: {}\n", message);
  return exit_usage;
}

// --- options --------------------------------------------------------------------------------------------------------

Result<std::shared_ptr<const model::Spec>> SpecArguments::load() const {
  model::LoadOptions options;
  options.literal = literal;
  options.without.insert(without.begin(), without.end());
  options.overlays = overlays;
  return model::Spec::load(spec, options);
}

void add_amendment_options(CLI::App& command, SpecArguments& a) {
  command.add_option("--overlay", a.overlays, "Amendments to lay over the specification; may be repeated")
      ->type_name("FILE")
      ->allow_extra_args(false);
  command.add_flag("--literal", a.literal, "The literal text: no amendment at all");
  command.add_option("--without", a.without, "Leave out one amendment; may be repeated")
      ->type_name("AMENDMENT")
      ->allow_extra_args(false);
}

void add_spec_options(CLI::App& command, SpecArguments& a) {
  command.add_option("--spec", a.spec, "A shipped version by name, or a folder")
      ->type_name("NAME|DIR")
      ->capture_default_str();
  add_amendment_options(command, a);
}

void add_format_option(CLI::App& command, std::string& format) {
  format = "auto";
  command.add_option("--format", format, "Format of the traces: auto, jsonl, console")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"auto", "jsonl", "console"}).description(""))
      ->capture_default_str();
}

void add_colour_option(CLI::App& command, std::string& mode) {
  mode = "auto";
  command.add_option("--color", mode, "auto, always, never; auto honours NO_COLOR")
      ->type_name("WHEN")
      ->check(CLI::IsMember({"auto", "always", "never"}).description(""))
      ->capture_default_str();
}

traces::Format format_of(const std::string& word) {
  traces::Format format = traces::Format::automatic;
  traces::parse_format(word, format); // the word was checked when it was parsed
  return format;
}

checker::TextOptions text_options(const std::string& mode) {
  checker::TextOptions options;
  const char *no_colour = std::getenv("NO_COLOR"), *term = std::getenv("TERM");
  const bool wanted =
      (no_colour == nullptr || *no_colour == '\0') && (term == nullptr || std::strcmp(term, "dumb") != 0);
  options.colour = mode == "always" || (mode == "auto" && wanted && isatty(STDOUT_FILENO) != 0);
  return options;
}

// --- input and output -----------------------------------------------------------------------------------------------

Result<std::unique_ptr<traces::Reader>> open_trace(const std::string& path, traces::Format format) {
  auto source = traces::open_source(path);
  if (!source) return source.error();
  return traces::open_reader(std::move(source.value()), path, format);
}

namespace {

Error cannot_write(const std::string& path, int number) {
  return {path == "-" ? "standard output" : path, 0, 0, fmt::format("cannot be written: {}", std::strerror(number))};
}

} // namespace

Result<Output> Output::open(const std::string& path) {
  Output out;
  out.path_ = path;
  out.file_.reset(path == "-" ? stdout : std::fopen(path.c_str(), "wbe"));
  if (!out.file_) return cannot_write(path, errno);
  return out;
}

std::optional<Error> Output::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size()) return std::nullopt;
  return cannot_write(path_, errno);
}

std::optional<Error> Output::finish() {
  if (std::fflush(file_.get()) == 0 && std::ferror(file_.get()) == 0) return std::nullopt;
  return cannot_write(path_, errno);
}

std::optional<Error> refuse_overwriting(const std::string& output, const std::vector<std::string>& inputs) {
  std::error_code ec;
  for (const auto& input : inputs)
    if (output != "-" && input != "-" && std::filesystem::equivalent(output, input, ec))
      return Error{output, 0, 0, "this file is an input: name another file for the output"};
  return std::nullopt;
}

// --- Ctrl-C ---------------------------------------------------------------------------------------------------------

namespace {
volatile std::sig_atomic_t interrupt_seen = 0;
}

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupt_seen = 1; };
  // No SA_RESTART: a read that waits for a pipe returns.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}
bool interrupted() { return interrupt_seen != 0; }

} // namespace rmmcheck::cli
