// rmmcheck check
#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>
#include <unistd.h>

#include "cli.hpp"
#include "junit.hpp"
#include "progress.hpp"
#include "waivers.hpp"

namespace rmmcheck::cli {
namespace {

using checker::Report;
using checker::TraceReport;
using checker::Verdict;

struct Arguments {
  SpecArguments spec;
  std::string format, colour, waivers, json, junit;
  bool strict = false;
  std::size_t max_violations = 1000;
  std::vector<std::string> traces;
};

// Calls per function identifier; nearly all lie close together.
class CallCounts {
public:
  void add(std::uint32_t fid) {
    if ((fid & ~near_mask) == near_base)
      ++near_[fid & near_mask];
    else
      ++far_[fid];
  }
  [[nodiscard]] std::uint64_t of(std::uint32_t fid) const {
    if ((fid & ~near_mask) == near_base) return near_[fid & near_mask];
    const auto it = far_.find(fid);
    return it == far_.end() ? 0 : it->second;
  }

private:
  static constexpr std::uint32_t near_base = 0xc4000000, near_mask = 0x1ff;
  std::array<std::uint64_t, near_mask + 1> near_{};
  std::unordered_map<std::uint32_t, std::uint64_t> far_;
};

class Check {
public:
  explicit Check(const Arguments& arguments) : args_(arguments), text_(text_options(arguments.colour)) {}

  int run() {
    if (args_.json == "-" && args_.junit == "-")
      return complain("--json and --junit cannot both go to standard output");
    auto spec = args_.spec.load();
    if (!spec) return complain(spec.error());
    spec_ = spec.value();
    if (!args_.waivers.empty()) {
      auto waivers = checker::load_waivers(args_.waivers);
      if (!waivers) return complain(waivers.error());
      waivers_ = std::move(waivers).value();
    }
    std::optional<Output> json, junit;
    for (auto [path, output] : {std::pair{&args_.json, &json}, std::pair{&args_.junit, &junit}}) {
      if (path->empty()) continue;
      if (const auto error = refuse_overwriting(*path, args_.traces)) return complain(*error);
      auto opened = Output::open(*path);
      if (!opened) return complain(opened.error());
      output->emplace(std::move(opened).value());
    }
    print_ = args_.json != "-" && args_.junit != "-";

    report_.spec = spec_->name();
    for (const auto& a : spec_->amendments()) report_.amendments.push_back(a.name);
    catch_interrupts();
    for (const auto& path : args_.traces) trace(path);
    for (const auto& w : waivers_)
      if (!w.used) report_.unused_waivers.push_back(w.signature);
    report_.verdict = checker::overall(report_);
    print(checker::verdict_text(report_, text_));

    std::optional<Error> error;
    if (json) error = write(*json, checker::report_json(report_));
    if (junit && !error) error = write(*junit, checker::junit_report(report_));
    if (std::fflush(stdout) != 0 && !error) error = Error{"standard output", 0, 0, "cannot be written"};
    return error ? complain(*error) : checker::exit_code(report_.verdict);
  }

private:
  static std::optional<Error> write(Output& output, const std::string& text) {
    auto error = output.write(text);
    return error ? error : output.finish();
  }
  void print(const std::string& text) const {
    if (print_) std::fwrite(text.data(), 1, text.size(), stdout);
  }

  void trace(const std::string& path) {
    TraceReport r;
    if (interrupted()) {
      r.verdict = Verdict::inconclusive;
      r.incomplete.emplace_back("interrupted before this trace was read");
    } else {
      r = checked(path);
    }
    r.path = path;
    checker::apply_waivers(waivers_, r);
    if (print_) {
      const auto calls =
          path == "-" ? checker::CallTexts{} : call_texts(path, format_of(args_.format), *spec_, named_calls(r));
      print(checker::trace_text(r, text_, calls, path != "-"));
    }
    // The report comes first where both go to one terminal.
    std::fflush(stdout);
    if (!r.error.empty()) complain(r.error);
    report_.traces.push_back(std::move(r));
  }

  // A report of an input error: nothing can be said but what was wrong.
  static TraceReport unreadable(const Error& error) {
    TraceReport r;
    r.error = error.to_string();
    return r;
  }

  TraceReport checked(const std::string& path) {
    auto opened = open_trace(path, format_of(args_.format));
    if (!opened) {
      if (!interrupted()) return unreadable(opened.error());
      TraceReport r;
      r.verdict = Verdict::inconclusive;
      r.incomplete.emplace_back("interrupted before the first call");
      return r;
    }
    traces::Reader& reader = *opened.value();
    checker::Checker checker(spec_, reader.header(), {args_.strict, args_.max_violations});
    CallCounts counts;
    Progress progress(path);
    const bool streaming = path == "-" && print_;
    std::size_t printed = 0;
    std::uint64_t seen = 0;
    traces::Call call;
    traces::Next next = traces::Next::end;
    while (!interrupted() && (next = reader.next(call)) == traces::Next::call) {
      counts.add(call.fid);
      checker.call(call);
      if (streaming && checker.report().violations.size() != printed) {
        progress.clear();
        stream(checker.report(), printed);
      }
      if ((++seen & 0xfff) == 0) progress.show(seen, checker.report().violation_count);
    }
    progress.clear();
    TraceReport r = checker.finish();
    if (streaming) stream(r, printed);
    r.format = traces::format_name(reader.format());
    r.skipped_lines = reader.skipped_lines();
    for (const auto& c : spec_->commands())
      if (const auto n = counts.of(c->decl.fid); n != 0 && !c->decl.event) r.commands[c->decl.name] = n;
    if (interrupted()) {
      r.incomplete.push_back(fmt::format("interrupted after {} records: what follows was not checked", seen));
      if (r.verdict != Verdict::violating) r.verdict = Verdict::inconclusive;
    } else if (next == traces::Next::error) {
      r.error = reader.error().to_string();
      r.verdict = Verdict::input_error;
    }
    return r;
  }

  // Violations from `printed` on, as they are found: the first of a signature in full.
  void stream(const TraceReport& r, std::size_t& printed) {
    for (; printed < r.violations.size(); ++printed) {
      const auto& v = r.violations[printed];
      const auto covers = [&](const auto& w) { return w.signature == v.signature && w.covers("-"); };
      if (std::any_of(waivers_.begin(), waivers_.end(), covers)) continue; // the report counts it
      if (++streamed_[v.signature] == 1)
        print(checker::violation_text(v, text_) + "\n");
      else
        print(fmt::format("{} again: call {}, line {} ({} so far)\n", v.signature, v.seq, v.line,
                          streamed_[v.signature]));
    }
    std::fflush(stdout);
  }

  // Calls that the text names besides the violating ones.
  static std::set<std::uint64_t> named_calls(const TraceReport& r) {
    std::set<std::uint64_t> out;
    std::set<std::string> seen;
    for (const auto& v : r.violations)
      if (seen.insert(v.signature).second && !r.waived.contains(v.signature))
        out.insert(v.caused_by.begin(), v.caused_by.end());
    return out;
  }

  const Arguments& args_;
  checker::TextOptions text_;
  std::shared_ptr<const model::Spec> spec_;
  std::vector<checker::Waiver> waivers_;
  bool print_ = true;
  Report report_;
  std::map<std::string, std::uint64_t> streamed_;
};

} // namespace

void add_check(CLI::App& app, int& code) {
  auto a = std::make_shared<Arguments>();
  CLI::App& c = *app.add_subcommand("check", "Check recorded traces against the specification");
  c.add_option("TRACE", a->traces, "Traces; - is standard input, checked as it comes")->required()->type_name("");
  add_spec_options(c, a->spec);
  add_format_option(c, a->format);
  c.add_flag("--strict", a->strict, "A call that conforms only under a reading is a violation");
  c.add_option("--waivers", a->waivers, "Known departures that do not count (TOML, see docs/usage.md)")
      ->type_name("FILE");
  c.add_option("--json", a->json, "Write the report as JSON; - is standard output, and then nothing else is")
      ->type_name("FILE");
  c.add_option("--junit", a->junit, "Write the report as JUnit XML")->type_name("FILE");
  add_colour_option(c, a->colour);
  c.add_option("--max-violations", a->max_violations, "Violations kept in detail for each trace; all are counted")
      ->type_name("N")
      ->capture_default_str();
  c.footer("Exit code: 0 conforming, 1 violating, 2 wrong usage or unreadable input, 3 inconclusive.\n\n"
           "Examples:\n"
           "  rmmcheck check boot.jsonl\n"
           "  telnet fvp 5000 | rmmcheck check -\n"
           "  rmmcheck check --waivers known.toml --junit report.xml logs/*.jsonl.zst");
  c.callback([a, &code] { code = Check(*a).run(); });
}

} // namespace rmmcheck::cli
