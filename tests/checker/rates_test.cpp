// How much the checker misses, in recorded traces: outputs corrupted at random, and successful calls left out.
//
// What counts as a defined output is written down here, by hand from the tables of the specification, and does not ask
// the checker. A corruption is caught when the checker reports, at that very call, a finding that the trace as recorded
// does not have. Calls that violate the specification as recorded are left alone: what their outputs should be is moot.
//
// A call that was left out is *observable* when the model, run once with and once without it, comes to a later call for
// which it allows different results in the two states (status, index, outputs), or whose recorded outputs fit only one
// of them. That is decided before the checker is asked, and includes differences that the recorded result does not
// show (it is allowed in both states), which nobody could report.
//
// The state before a call is needed thousands of times, so a trace is walked once and the process forks where a call is
// changed. RMMCHECK_SEED and RMMCHECK_ROUNDS change the random numbers and how often they are thrown.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include "rates_corpus.hpp"
#include "rates_replay.hpp"

using namespace rmmcheck;
using namespace rmmcheck::checker;
using namespace rmmcheck::checker::test;
using traces::Call;
using traces::Phase;

namespace {

using Random = std::mt19937_64;

// A sanitizer makes each fork ten times as slow.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RMMCHECK_SANITIZED
#endif
#endif
#if defined(RMMCHECK_SANITIZED) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t usual_rounds = 400;
#else
constexpr std::uint64_t usual_rounds = 3200;
#endif

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

std::uint64_t below(Random& random, std::uint64_t n) { return random() % n; }

// --- what the text defines ------------------------------------------------------------------------------------------

enum class Kind : std::uint8_t {
  status,
  index,
  address,
  number,
  entry_state,
  entry_ripas,
  entry_level,
  entry_desc,
  response,
  unused,
  zero_bits,
  exit_address,
  exit_ripas
};

const char* name(Kind kind) {
  switch (kind) {
  case Kind::status: return "status";
  case Kind::index: return "index";
  case Kind::address: return "address";
  case Kind::number: return "number";
  case Kind::entry_state: return "entry.state";
  case Kind::entry_ripas: return "entry.ripas";
  case Kind::entry_level: return "entry.walk_level";
  case Kind::entry_desc: return "entry.desc";
  case Kind::response: return "response";
  case Kind::unused: return "unused register";
  case Kind::zero_bits: return "bits that are zero";
  case Kind::exit_address: return "exit.ripas_base/top";
  case Kind::exit_ripas: return "exit.ripas_value";
  }
  return "?";
}

/// An output, and with which result the text says what it is.
struct Output {
  const char* command;
  std::uint64_t status; ///< RMI_SUCCESS 0, RMI_ERROR_INPUT 1, RMI_ERROR_RTT 4
  unsigned reg;
  unsigned high, low;
  Kind kind;
};

constexpr std::uint64_t success = 0, error_input = 1, error_rtt = 4;

constexpr Output outputs[] = {
    {"RMI_VERSION", success, 1, 63, 0, Kind::number},                    // lower == req
    {"RMI_VERSION", success, 2, 63, 0, Kind::number},                    // higher: the highest revision
    {"RMI_VERSION", error_input, 2, 63, 0, Kind::number},                // the same; lower is only bounded
    {"RMI_FEATURES", success, 1, 63, 0, Kind::number},                   // feature register, 0 when index is not 0
    {"RMI_REC_AUX_COUNT", success, 1, 63, 0, Kind::number},              // aux_count == RecAuxCount(rd)
    {"RMI_DATA_DESTROY", success, 1, 63, 0, Kind::address},              // data == address of the entry
    {"RMI_DATA_DESTROY", success, 2, 63, 0, Kind::address},              // top == walk_top
    {"RMI_DATA_DESTROY", error_rtt, 2, 63, 0, Kind::address},            // top == walk_top
    {"RMI_DATA_DESTROY", error_input, 2, 63, 0, Kind::address},          // table of outcomes: 0 when not walked
    {"RMI_RTT_DESTROY", success, 1, 63, 0, Kind::address},               // rtt == address of the entry
    {"RMI_RTT_DESTROY", success, 2, 63, 0, Kind::address},               // top == walk_top
    {"RMI_RTT_DESTROY", error_rtt, 2, 63, 0, Kind::address},             // top == walk_top, or ipa when live
    {"RMI_RTT_DESTROY", error_input, 2, 63, 0, Kind::address},           // table of outcomes
    {"RMI_RTT_FOLD", success, 1, 63, 0, Kind::address},                  // rtt == address of the entry
    {"RMI_RTT_INIT_RIPAS", success, 1, 63, 0, Kind::address},            // out_top == walk_top
    {"RMI_RTT_SET_RIPAS", success, 1, 63, 0, Kind::address},             // out_top == min(top, walk_top)
    {"RMI_RTT_UNMAP_UNPROTECTED", success, 1, 63, 0, Kind::address},     // top == walk_top
    {"RMI_RTT_UNMAP_UNPROTECTED", error_rtt, 1, 63, 0, Kind::address},   // top == walk_top
    {"RMI_RTT_UNMAP_UNPROTECTED", error_input, 1, 63, 0, Kind::address}, // table of outcomes
    {"RMI_RTT_READ_ENTRY", success, 1, 63, 0, Kind::entry_level},        // description of walk_level
    {"RMI_RTT_READ_ENTRY", success, 2, 7, 0, Kind::entry_state},         // state == RttEntryState(..)
    {"RMI_RTT_READ_ENTRY", success, 3, 49, 12, Kind::entry_desc},        // state_invalid, state_prot, state_unprot:
    {"RMI_RTT_READ_ENTRY", success, 3, 9, 8, Kind::entry_desc},          //   the address, also in bits 9:8 (LPA2)
    {"RMI_RTT_READ_ENTRY", success, 3, 4, 2, Kind::entry_desc},          //   MemAttr
    {"RMI_RTT_READ_ENTRY", success, 3, 7, 6, Kind::entry_desc},          //   S2AP
    {"RMI_RTT_READ_ENTRY", success, 4, 7, 0, Kind::entry_ripas},         // ripas_prot, ripas_unprot: not of a TABLE
    {"RMI_RTT_READ_ENTRY", success, 2, 63, 8, Kind::zero_bits},          // B1.2: bits that carry no output are zero
    {"RMI_RTT_READ_ENTRY", success, 4, 63, 8, Kind::zero_bits},          //
    {"RSI_IPA_STATE_GET", success, 1, 63, 0, Kind::address},             // base < out_top <= top
    {"RSI_IPA_STATE_GET", success, 2, 7, 0, Kind::entry_ripas},          // RIPAS of [base, out_top), not empty
    {"RSI_IPA_STATE_GET", success, 2, 63, 8, Kind::zero_bits},           //
    {"RSI_IPA_STATE_SET", success, 1, 63, 0, Kind::address},             // new_base == rec.ripas_addr
    {"RSI_IPA_STATE_SET", success, 2, 0, 0, Kind::response},             // response == RecRipasChangeResponse(rec)
    {"RSI_IPA_STATE_SET", success, 2, 63, 1, Kind::zero_bits},           //
};

/// Registers X1 to X4 that a command has as outputs.
unsigned output_registers(std::string_view command) {
  unsigned mask = 0;
  for (const auto& o : outputs)
    if (command == o.command) mask |= 1U << o.reg;
  return mask;
}

// --- corruptions ----------------------------------------------------------------------------------------------------

/// A place in a call's outputs that has a defined value: bits of register X`reg`, or field `reg` of the structure in
/// memory.
struct Target {
  Kind kind = Kind::status;
  unsigned reg = 0, high = 7, low = 0;

  [[nodiscard]] bool in_memory() const { return kind == Kind::exit_address || kind == Kind::exit_ripas; }
  [[nodiscard]] std::uint64_t& in(Call& call) const { return in_memory() ? call.params.value[reg] : call.out[reg]; }
  [[nodiscard]] std::uint64_t in(const Call& call) const {
    return in_memory() ? call.params.value[reg] : call.out[reg];
  }
  [[nodiscard]] std::string text() const {
    return in_memory() ? std::string(traces::param_names(traces::ParamsKind::run)[reg]) : fmt::format("X{}", reg);
  }
};

std::uint64_t bits_of(std::uint64_t value, const Target& t) {
  const unsigned width = t.high - t.low + 1;
  return value >> t.low & (width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1);
}

std::vector<Target> targets(const model::Spec& spec, const Call& call) {
  std::vector<Target> out;
  if (spec.find_fid(call.fid) == nullptr || (call.out_known & 1U) == 0 || call.crashed) return out;
  const std::string_view command = traces::command_name(call.fid);
  if (command.starts_with("PSCI_")) return out; // none of them completes in the corpus with more than its status
  out.push_back({Kind::status, 0, 7, 0});
  if (command.starts_with("RMI_")) out.push_back({Kind::index, 0, 15, 8});
  for (const auto& o : outputs) {
    if (command != o.command || (call.out[0] & 0xff) != o.status || (call.out_known >> o.reg & 1U) == 0) continue;
    const bool table = command == "RMI_RTT_READ_ENTRY" && (call.out[2] & 0xff) == 2;
    if (o.kind == Kind::entry_ripas && table) continue;
    out.push_back({o.kind, o.reg, o.high, o.low});
  }
  // A4.3: what an exit says of a RIPAS change is what the Realm asked for, or zero.
  if (command == "RMI_REC_ENTER" && call.out[0] == success && call.params.kind == traces::ParamsKind::run) {
    const auto names = traces::param_names(traces::ParamsKind::run);
    for (unsigned i = 0; i < names.size(); ++i) {
      if (!names[i].starts_with("exit.ripas_") || (call.params.known >> i & 1U) == 0) continue;
      out.push_back({names[i].ends_with("value") ? Kind::exit_ripas : Kind::exit_address, i, 63, 0});
    }
  }
  const unsigned used = output_registers(command);
  for (unsigned reg = 1; reg < call.out.size(); ++reg)
    if ((used >> reg & 1U) == 0 && (call.out_known >> reg & 1U) != 0) out.push_back({Kind::unused, reg, 63, 0});
  return out;
}

/// Another value for a target; sometimes a likely one (off by one Granule, an input), sometimes any.
std::uint64_t another(Random& random, const Call& call, const Target& t) {
  const std::uint64_t old = bits_of(t.in(call), t);
  const auto pick = [&]() -> std::uint64_t {
    switch (t.kind) {
    case Kind::status: return below(random, traces::command_name(call.fid).starts_with("RSI_") ? 4 : 5);
    case Kind::index: return below(random, 4) != 0 ? below(random, 4) : below(random, 256);
    case Kind::entry_state: return below(random, 3);
    case Kind::entry_ripas:
    case Kind::exit_ripas: return below(random, 3);
    case Kind::entry_level: return below(random, 4);
    case Kind::response: return old ^ 1;
    case Kind::unused: return below(random, 2) != 0 ? random() : std::uint64_t{1} << below(random, 64);
    case Kind::zero_bits: return std::uint64_t{1} << below(random, t.high - t.low + 1);
    case Kind::number:
      return below(random, 2) != 0 ? old ^ (std::uint64_t{1} << below(random, 48)) : below(random, 1 << 20);
    case Kind::entry_desc: return old ^ (std::uint64_t{1} << below(random, t.high - t.low + 1));
    case Kind::address:
    case Kind::exit_address:
      switch (below(random, 6)) {
      case 0: return old + 4096;
      case 1: return old - 4096;
      case 2: return old ^ (std::uint64_t{1} << (12 + below(random, 36)));
      case 3: return call.in[below(random, 4)];
      case 4: return old + (std::uint64_t{1} << 21);
      default: return old == 0 ? std::uint64_t{4096} << below(random, 20) : 0;
      }
    }
    return old;
  };
  std::uint64_t value = old;
  while (value == old) value = pick();
  return value;
}

/// Whether the text leaves room for the new value too, so that nothing defined has changed.
bool leaves_room(const Call& call, const Target& t, std::uint64_t value) {
  const std::string_view command = traces::command_name(call.fid);
  if (command == "RSI_IPA_STATE_GET" && t.kind == Kind::address) return value > call.in[0] && value <= call.in[1];
  // B1.2 says both that an unused register is zero and that it is preserved (amendment unused_outputs_preserved).
  if (t.kind == Kind::unused)
    return value == 0 || ((call.in_known >> (t.reg - 1) & 1U) != 0 && value == call.in[t.reg - 1]);
  return false;
}

struct Tally {
  std::uint64_t tried = 0, caught = 0;
};

std::string percent(const Tally& t) {
  return t.tried == 0 ? "-"
                      : fmt::format("{:.2f} %", 100.0 * static_cast<double>(t.caught) / static_cast<double>(t.tried));
}

/// How many further findings one fault caused, until the end of its trace.
struct Cascade {
  struct Chain {
    std::size_t further = 0;
    std::string text;
  };
  std::vector<Chain> chains;
  std::map<std::string, std::pair<std::size_t, std::size_t>> groups; ///< by fault and next finding: faults, findings

  void add(const std::string& what, const std::string& group, const std::vector<Finding>& found, std::uint64_t seq) {
    Chain c;
    c.text = what;
    std::pair<std::size_t, std::size_t>* counts = nullptr;
    for (const auto& f : found) {
      if (f.seq == seq) continue;
      if (counts == nullptr) {
        counts = &groups[group + ", then " + f.signature];
        ++counts->first;
      }
      ++counts->second;
      ++c.further;
      if (c.further <= 12) c.text += fmt::format("\n        @{} {}", f.seq, f.signature);
    }
    chains.push_back(std::move(c));
  }

  void print(const char* title) {
    if (chains.empty()) return;
    std::stable_sort(chains.begin(), chains.end(),
                     [](const Chain& a, const Chain& b) { return a.further > b.further; });
    std::size_t sum = 0, none = 0;
    for (const auto& c : chains) sum += c.further, none += c.further == 0 ? 1 : 0;
    fmt::print("  {}: {} faults, further findings: mean {:.3f}, none for {:.1f} %, 95th percentile {}, most {}\n",
               title, chains.size(), static_cast<double>(sum) / static_cast<double>(chains.size()),
               100.0 * static_cast<double>(none) / static_cast<double>(chains.size()),
               chains[chains.size() / 20].further, chains.front().further);
    for (std::size_t i = 0; i < std::min<std::size_t>(chains.size(), 5) && chains[i].further != 0; ++i)
      fmt::print("      {} further: {}\n", chains[i].further, chains[i].text);
    if (std::getenv("RMMCHECK_VERBOSE") == nullptr) return;
    for (const auto& [group, counts] : groups)
      fmt::print("      {:>5} findings after {:>4} faults: {}\n", counts.second, counts.first, group);
  }
};

/// Runs `work` in a copy of this process; what it returns comes back here.
template <class F>
std::string in_a_copy(F work) {
  std::fflush(nullptr);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(ends[0]);
    const std::string text = work();
    for (std::size_t done = 0; done < text.size();) {
      const auto n = write(ends[1], text.data() + done, text.size() - done);
      if (n <= 0) _exit(1);
      done += static_cast<std::size_t>(n);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  return text;
}

std::string as_text(const TraceReport& report, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < report.violations.size(); ++i)
    text += fmt::format("{} {}\n", report.violations[i].seq, report.violations[i].signature);
  return text;
}

std::vector<Finding> as_findings(const std::string& text) {
  std::vector<Finding> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at), space = text.find(' ', at);
    out.push_back({std::stoull(text.substr(at, space - at)), text.substr(space + 1, end - space - 1)});
    at = end + 1;
  }
  return out;
}

CheckOptions all_details() {
  CheckOptions options;
  options.max_violations = 1'000'000;
  return options;
}

struct Place {
  std::size_t trace, call;
};

std::string describe(const Recorded& trace, const Call& call) {
  return fmt::format("{} @{} {}", trace.name, call.seq, traces::command_name(call.fid));
}

} // namespace

TEST_CASE("a corrupted output is reported at its call", "[rates]") {
  const std::uint64_t seed = setting("RMMCHECK_SEED", 1), rounds = setting("RMMCHECK_ROUNDS", usual_rounds);
  Random random(seed);
  const auto spec = shipped_spec();
  const auto& corpus = recorded_traces();

  // Half of the rounds take any call, half take any command and result first, so that rare ones are tried too.
  std::vector<Place> places;
  std::map<std::string, std::vector<Place>> by_result;
  for (std::size_t t = 0; t < corpus.size(); ++t)
    for (std::size_t i = 0; i < corpus[t].calls.size(); ++i) {
      const Call& call = corpus[t].calls[i];
      if (corpus[t].baseline_seqs.contains(call.seq) || targets(*spec, call).empty()) continue;
      places.push_back({t, i});
      by_result[fmt::format("{} {}", traces::command_name(call.fid), call.out[0] & 0xff)].push_back({t, i});
    }
  std::vector<const std::vector<Place>*> results;
  for (const auto& [result, list] : by_result) results.push_back(&list);

  struct Corruption {
    bool any = true; ///< of any call, not of any result
    Target target;
    std::uint64_t value = 0; ///< of the register or field
    bool to_the_end = false; ///< of the trace, to count further findings
  };
  std::vector<std::map<std::size_t, std::vector<Corruption>>> corruptions(corpus.size()); // by trace and call
  for (std::uint64_t round = 0; round < rounds;) {
    Corruption c;
    c.any = round % 2 == 0;
    const auto& list = c.any ? places : *results[below(random, results.size())];
    const Place place = list[below(random, list.size())];
    const Call& call = corpus[place.trace].calls[place.call];
    const auto choice = targets(*spec, call);
    c.target = choice[below(random, choice.size())];
    const std::uint64_t value = another(random, call, c.target);
    if (leaves_room(call, c.target, value)) continue;
    const std::uint64_t mask = bits_of(~std::uint64_t{0}, c.target) << c.target.low;
    c.value = (c.target.in(call) & ~mask) | (value << c.target.low & mask);
    c.to_the_end = round % 4 < 2;
    corruptions[place.trace][place.call].push_back(c);
    ++round;
  }

  Tally uniform, even;
  std::map<std::pair<std::string, std::string>, Tally> table;
  std::map<std::string, std::pair<std::uint64_t, std::string>> misses;
  Cascade cascade;
  for (std::size_t t = 0; t < corpus.size(); ++t) {
    const Recorded& trace = corpus[t];
    Checker checker(spec, trace.header, all_details());
    Replay replay(spec, trace.header); // only to say why a corruption was not noticed
    for (std::size_t i = 0; i < trace.calls.size(); ++i) {
      const Call& call = trace.calls[i];
      if (const auto here = corruptions[t].find(i); here != corruptions[t].end())
        for (const Corruption& c : here->second) {
          const std::string text = in_a_copy([&] {
            const std::size_t before = checker.report().violations.size();
            Call changed = call;
            c.target.in(changed) = c.value;
            checker.call(changed);
            // What a Realm did in an RMI_REC_ENTER is judged when it exits: until then it is the same call.
            std::size_t k = i + 1;
            for (; k < trace.calls.size() && (c.to_the_end || k == i + 1 || trace.calls[k - 1].phase != Phase::host);
                 ++k)
              checker.call(trace.calls[k]);
            if (k == trace.calls.size()) checker.finish();
            return as_text(checker.report(), before);
          });
          const auto found = new_findings(as_findings(text), trace.baseline);
          const bool caught =
              std::any_of(found.begin(), found.end(), [&](const Finding& f) { return f.seq == call.seq; });
          const std::string command(traces::command_name(call.fid));
          auto& cell = table[{name(c.target.kind), command}];
          for (Tally* tally : {c.any ? &uniform : &even, &cell}) {
            ++tally->tried;
            tally->caught += caught ? 1 : 0;
          }
          const std::string what =
              fmt::format("{}: {} {:#x} -> {:#x}", describe(trace, call), c.target.text(), c.target.in(call), c.value);
          const std::string kind =
              command + " " +
              (c.target.kind == Kind::status ? fmt::format("status {} -> {}", call.out[0] & 0xff, c.value & 0xff)
                                             : name(c.target.kind));
          if (caught && c.to_the_end) cascade.add(what, kind, found, call.seq);
          if (caught) continue;
          auto& [count, example] = misses[kind];
          if (++count == 1) example = what + "; allowed: " + in_a_copy([&] { return replay.call(call).allowed; });
        }
      checker.call(call);
      replay.call(call, false);
    }
  }

  fmt::print("corrupted outputs, seed {}, {} rounds (RMMCHECK_SEED, RMMCHECK_ROUNDS)\n", seed, rounds);
  fmt::print("  of any call: {} of {} caught, {}\n", uniform.caught, uniform.tried, percent(uniform));
  fmt::print("  of any command and result: {} of {} caught, {}\n", even.caught, even.tried, percent(even));
  for (const auto& [key, tally] : table)
    fmt::print("    {:<20} {:<28} {:>5} tried {:>5} caught\n", key.first, key.second, tally.tried, tally.caught);
  for (const auto& [what, miss] : misses) fmt::print("    missed {:>3}: {}, e.g. {}\n", miss.first, what, miss.second);
  cascade.print("cascade");

  CHECK(uniform.tried + even.tried == rounds);
  CHECK(static_cast<double>(uniform.caught) >= 0.99 * static_cast<double>(uniform.tried));
  CHECK(static_cast<double>(even.caught) >= 0.99 * static_cast<double>(even.tried));
}

namespace {

// Calls that change state the model knows of. The exit of an RMI_REC_ENTER does, too, but only together with what its
// Realm did; the Realm's requests are here by themselves.
bool changes_state(const Call& call) {
  static const std::set<std::string_view> commands = {"RMI_DATA_CREATE",        "RMI_DATA_CREATE_UNKNOWN",
                                                      "RMI_DATA_DESTROY",       "RMI_GRANULE_DELEGATE",
                                                      "RMI_GRANULE_UNDELEGATE", "RMI_PSCI_COMPLETE",
                                                      "RMI_REALM_ACTIVATE",     "RMI_REALM_CREATE",
                                                      "RMI_REALM_DESTROY",      "RMI_REC_CREATE",
                                                      "RMI_REC_DESTROY",        "RMI_RTT_CREATE",
                                                      "RMI_RTT_DESTROY",        "RMI_RTT_FOLD",
                                                      "RMI_RTT_INIT_RIPAS",     "RMI_RTT_MAP_UNPROTECTED",
                                                      "RMI_RTT_SET_RIPAS",      "RMI_RTT_UNMAP_UNPROTECTED",
                                                      "RSI_IPA_STATE_SET",      "PSCI_CPU_ON",
                                                      "PSCI_AFFINITY_INFO",     "PSCI_CPU_OFF",
                                                      "PSCI_SYSTEM_OFF",        "PSCI_SYSTEM_RESET"};
  if (!commands.contains(traces::command_name(call.fid))) return false;
  return call.phase == Phase::pending || (call.phase == Phase::host && (call.out_known & 1U) != 0 && call.out[0] == 0);
}

} // namespace

TEST_CASE("a successful call that is left out is reported when a later call shows it", "[rates]") {
  const std::uint64_t seed = setting("RMMCHECK_SEED", 1), rounds = setting("RMMCHECK_ROUNDS", usual_rounds) / 4;
  Random random(seed);
  const auto spec = shipped_spec();
  const auto& corpus = recorded_traces();

  std::map<std::string, std::vector<Place>> by_command;
  std::vector<Place> places;
  for (std::size_t t = 0; t < corpus.size(); ++t)
    for (std::size_t i = 0; i < corpus[t].calls.size(); ++i)
      if (changes_state(corpus[t].calls[i]) && !corpus[t].baseline_seqs.contains(corpus[t].calls[i].seq)) {
        places.push_back({t, i});
        by_command[std::string(traces::command_name(corpus[t].calls[i].fid))].push_back({t, i});
      }
  std::vector<const std::vector<Place>*> commands;
  for (const auto& [command, list] : by_command) commands.push_back(&list);
  std::vector<std::set<std::size_t>> dropped(corpus.size());
  for (std::uint64_t round = 0; round < rounds; ++round) {
    const auto& list = round % 2 == 0 ? places : *commands[below(random, commands.size())];
    const Place place = list[below(random, list.size())];
    dropped[place.trace].insert(place.call);
  }

  std::uint64_t drops = 0, silent = 0;
  Tally observable, only_recorded;
  std::map<std::string, Tally> table;
  std::map<std::string, std::pair<std::uint64_t, std::string>> misses;
  std::uint64_t unasked = 0;
  std::string unasked_examples;
  Cascade cascade;
  for (std::size_t t = 0; t < corpus.size(); ++t) {
    const Recorded& trace = corpus[t];
    std::vector<Replay::Outcome> truth;
    {
      Replay whole(spec, trace.header);
      for (const Call& call : trace.calls) truth.push_back(whole.call(call));
    }
    Checker checker(spec, trace.header, all_details());
    Replay replay(spec, trace.header);
    for (std::size_t i = 0; i < trace.calls.size(); ++i) {
      const Call& call = trace.calls[i];
      if (dropped[t].contains(i)) {
        // "o": the first call that shows the difference; "r": its recorded result is not allowed without the dropped
        // call.
        const std::string shown = in_a_copy([&] {
          for (std::size_t k = i + 1; k < trace.calls.size(); ++k) {
            const auto without = replay.call(trace.calls[k]);
            if (!truth[k].accepted) continue; // a violation as recorded: it cannot show anything else
            if (!without.accepted) return fmt::format("r {} {} instead of {}", k, without.allowed, truth[k].allowed);
            if (without.allowed != truth[k].allowed)
              return fmt::format("o {} {} instead of {}", k, without.allowed, truth[k].allowed);
          }
          return replay.finish() ? std::string() : fmt::format("r {} REC exit", trace.calls.size() - 1);
        });
        const std::string text = in_a_copy([&] {
          const std::size_t before = checker.report().violations.size();
          for (std::size_t k = i + 1; k < trace.calls.size(); ++k) checker.call(trace.calls[k]);
          checker.finish();
          return as_text(checker.report(), before);
        });
        const auto found = new_findings(as_findings(text), trace.baseline);
        ++drops;
        const std::string command(traces::command_name(call.fid));
        if (shown.empty()) {
          silent += found.empty() ? 1 : 0;
          unasked += found.empty() ? 0 : 1;
          if (!found.empty() && unasked <= 5)
            unasked_examples += fmt::format("    {} left out, reported @{} {}\n", describe(trace, call),
                                            found.front().seq, found.front().signature);
        } else {
          for (Tally* tally : {&observable, &table[command]}) {
            ++tally->tried;
            tally->caught += found.empty() ? 0 : 1;
          }
          if (shown[0] == 'r') {
            ++only_recorded.tried;
            only_recorded.caught += found.empty() ? 0 : 1;
          }
          if (found.empty()) {
            const auto k = std::stoull(shown.substr(2));
            auto& [count, example] =
                misses[fmt::format("{}, shown by {}{}", command, traces::command_name(trace.calls[k].fid),
                                   shown[0] == 'o' ? " whose recorded result is allowed in both states" : "")];
            if (++count == 1)
              example = fmt::format("{}, shown by @{}: {}", describe(trace, call), trace.calls[k].seq, shown);
          }
        }
        if (!found.empty())
          cascade.add(describe(trace, call) + " left out, first @" + std::to_string(found.front().seq) + " " +
                          found.front().signature,
                      command + " left out", found, found.front().seq);
      }
      checker.call(call);
      replay.call(call, false);
    }
  }

  fmt::print("calls left out, seed {}, {} calls\n", seed, drops);
  fmt::print("  observable: {}, reported {}, {}\n", observable.tried, observable.caught, percent(observable));
  fmt::print("  of them with a recorded result that is not allowed any more: {}, reported {}, {}\n",
             only_recorded.tried, only_recorded.caught, percent(only_recorded));
  fmt::print("  not observable: {}; of them reported all the same: {}\n", silent + unasked, unasked);
  fmt::print("{}", unasked_examples);
  for (const auto& [command, tally] : table)
    fmt::print("    {:<28} {:>5} observable {:>5} reported\n", command, tally.tried, tally.caught);
  for (const auto& [what, miss] : misses) fmt::print("    missed {:>3}: {}, e.g. {}\n", miss.first, what, miss.second);
  cascade.print("cascade");

  CHECK(static_cast<double>(observable.caught) >= 0.95 * static_cast<double>(observable.tried));
  CHECK(only_recorded.caught == only_recorded.tried);
}
