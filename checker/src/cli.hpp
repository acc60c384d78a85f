// What the subcommands share: options, errors, output files, Ctrl-C.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "rmmcheck/checker/print.hpp"
#include "rmmcheck/error.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/traces/reader.hpp"

namespace rmmcheck::cli {

inline constexpr int exit_usage = 2; ///< wrong usage, unreadable input, output that cannot be written

/// Each adds one subcommand to `app`; when it is chosen, it runs during parsing and leaves its exit code in `code`.
void add_check(CLI::App& app, int& code);
void add_explain(CLI::App& app, int& code);
void add_show(CLI::App& app, int& code);
void add_convert(CLI::App& app, int& code);

/// Says what is wrong on standard error and returns the exit code for it.
int complain(const Error& error);
int complain(const std::string& message);

// --- options --------------------------------------------------------------------------------------------------------

struct SpecArguments {
  std::string spec = "rmm-1.0-rel0";
  bool literal = false;
  std::vector<std::string> without, overlays;

  [[nodiscard]] Result<std::shared_ptr<const model::Spec>> load() const;
};
/// --literal, --without, --overlay
void add_amendment_options(CLI::App& command, SpecArguments& arguments);
/// The same and --spec.
void add_spec_options(CLI::App& command, SpecArguments& arguments);
void add_format_option(CLI::App& command, std::string& format);
void add_colour_option(CLI::App& command, std::string& mode);
traces::Format format_of(const std::string& word);

/// auto: standard output is a terminal that is not dumb, and NO_COLOR is not set.
checker::TextOptions text_options(const std::string& colour_mode);

// --- input and output -----------------------------------------------------------------------------------------------

Result<std::unique_ptr<traces::Reader>> open_trace(const std::string& path, traces::Format format);

/// An output file, opened before the work starts so that a wrong path costs nobody an hour. "-" is standard output.
class Output {
public:
  static Result<Output> open(const std::string& path);
  [[nodiscard]] bool is_standard() const { return path_ == "-"; }
  /// Writes out all of `text`, or says why not.
  std::optional<Error> write(std::string_view text);
  /// Writes what is still buffered. To be called before success is claimed.
  std::optional<Error> finish();

private:
  struct Close {
    void operator()(std::FILE* f) const {
      if (f != stdout) std::fclose(f);
    }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

/// An output that is one of the inputs would destroy it.
std::optional<Error> refuse_overwriting(const std::string& output, const std::vector<std::string>& inputs);

// --- Ctrl-C ---------------------------------------------------------------------------------------------------------

/// From now on the first SIGINT or SIGTERM only sets a flag and ends a waiting read; the second one kills.
void catch_interrupts();
bool interrupted();

// --- looking back ---------------------------------------------------------------------------------------------------

/// What the calls numbered `wanted` were, read from the trace once more; empty where it cannot be read again (a pipe).
checker::CallTexts call_texts(const std::string& path, traces::Format format, const model::Spec& spec,
                              const std::set<std::uint64_t>& wanted);

} // namespace rmmcheck::cli
