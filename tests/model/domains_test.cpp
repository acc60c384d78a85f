// The same graph over machine integers and over Z3 terms: random calls of all commands on a small machine (4 entries a
// table, 32 Granules), each evaluated in both domains on the same state. A random part of the inputs and cells is a
// variable for the terms; bound to its true value, every condition, index, effect and check must come out the same.
#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>

#include "rmmcheck/model/concrete.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/model/term_domain.hpp"

using namespace rmmcheck::model;

namespace {

constexpr std::uint64_t base = 0x100000, granules = 32;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Lockstep {
public:
  Lockstep(const Spec& spec, std::uint64_t seed)
      : spec_(spec), random_(seed), state_(spec, platform()), concrete_domain_(state_), term_domain_(state_, terms_),
        concrete_(concrete_domain_), symbolic_(term_domain_) {
    // Building up is drawn more often than tearing down, or nothing would ever stand.
    for (const auto& c : spec.commands()) {
      const std::string& n = c->decl.name;
      const int weight =
          n == "RMI_GRANULE_DELEGATE" || n == "RMI_RTT_CREATE" || n == "RMI_REALM_CREATE" || n == "RMI_REC_CREATE" ? 9
          : n.ends_with("_DESTROY") || n == "RMI_GRANULE_UNDELEGATE" || n == "RMI_REALM_ACTIVATE"                  ? 2
                                                                                                                   : 4;
      for (int i = 0; i < weight * 8; ++i) drawn_.push_back(c.get());
      // These end what a Realm or REC can still do.
      if (n == "RMI_REALM_DESTROY" || n == "RMI_REALM_ACTIVATE" || n == "PSCI_CPU_OFF" || n.starts_with("PSCI_SYSTEM"))
        drawn_.resize(drawn_.size() - static_cast<std::size_t>(weight * 8 - (n.starts_with("PSCI_") ? 1 : 4)));
    }
    term_domain_.set_opaque([this](const std::string& name, std::uint64_t value, bool boolean) -> std::optional<Term> {
      const auto it = opacity_.find(name);
      const bool hide = it != opacity_.end() ? it->second : (opacity_[name] = chance(hidden_));
      if (!hide) return std::nullopt;
      const Term v = terms_.variable("x" + name, boolean);
      if (bound_.emplace(name, true).second) binding_.emplace_back(v, value);
      return v;
    });
  }

  /// One random call; returns what differed, or an empty text.
  std::string step() {
    const Command& c = *drawn_[random_() % drawn_.size()];
    ++calls_[c.decl.name];
    values(c);
    opacity_.clear();
    bound_.clear();
    binding_.clear();
    terms_.release(0);
    // Mostly a few variables; sometimes none (all folds), sometimes many.
    hidden_ = std::array{0.0, 0.05, 0.15, 0.4}[random_() % 4];
    concrete_domain_.call(values_);
    term_domain_.call(values_);
    concrete_.start(c);
    symbolic_.start(c);
    difference_.clear();

    bool fails = false, open = false;
    for (std::size_t i = 0; i < c.failures.size(); ++i) {
      const auto v = concrete_.eval(c.failures[i].pre);
      compare(c, c.decl.failure[i].id, v, symbolic_.eval(c.failures[i].pre));
      if (v.status == Status::known && v.bits != 0) fails = true;
      open = open || v.status == Status::free;
      if (c.failures[i].index != no_node && v.status == Status::known && v.bits != 0)
        compare(c, c.decl.failure[i].id + " index", concrete_.eval(c.failures[i].index),
                symbolic_.eval(c.failures[i].index));
      for (const auto& o : c.failures[i].outputs)
        if (o.value != no_node && v.status == Status::known && v.bits != 0)
          compare(c, c.decl.failure[i].id + " output", concrete_.eval(o.value), symbolic_.eval(o.value));
    }
    if (!fails) {
      ++successes_[c.decl.name];
      if (c.decl.name == "RMI_RTT_MAP_UNPROTECTED")
        unprotected_.push_back({values_.input[0], values_.input[1], values_.input[2]});
      if (c.decl.name.starts_with("RMI_DATA_CREATE")) mapped_.emplace_back(values_.input[0], values_.input[2]);
      apply(c, c.success);
      apply(c, c.request);
    }
    state_.commit();
    return difference_;
  }

  const auto& calls() const { return calls_; }
  const auto& successes() const { return successes_; }
  std::uint64_t compared() const { return compared_; }
  std::uint64_t through_z3() const { return through_z3_; }

private:
  static Platform platform() {
    Platform p;
    p.delegable = {{base, granules}};
    p.delegable_known = p.features_known = p.version_known = p.aux_count_known = true;
    p.features = 0x283fc104130;
    p.version_lower = p.version_higher = 0x10000;
    p.aux_count = 2;
    return p;
  }
  bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  std::uint64_t granule() {
    const std::uint64_t a = base + (pick(granules + 1) << 12);
    return chance(0.03) ? a + 8 : a;
  }
  std::uint64_t in_state(const char* state) {
    for (int tries = 0; tries < 40; ++tries) {
      const std::uint64_t a = base + (pick(granules) << 12);
      std::uint64_t s = 0;
      if (state_.read(granule_kind, a, spec_.object(granule_kind).find("state")->slot, s) == Status::known &&
          s == spec_.value(state))
        return a;
    }
    return granule();
  }
  std::uint64_t realm_or_other(std::uint8_t kind) {
    const auto all = state_.objects(kind);
    return all.empty() || chance(0.1) ? granule() : all[pick(all.size())];
  }
  std::uint64_t ipa(unsigned level) {
    std::uint64_t a = pick(std::uint64_t{1} << (18 - state_.shift(static_cast<std::int32_t>(level))))
                      << state_.shift(static_cast<std::int32_t>(level));
    if (chance(0.05)) a += std::uint64_t{1} << 18; // outside a Realm of width 18
    return chance(0.05) ? a + 8 : a;
  }

  void values(const Command& c) {
    values_ = {};
    values_.current_rec = realm_or_other(rec_kind);
    values_.current_rec_known = true;
    values_.input_known = (1U << c.decl.inputs.size()) - 1;
    const auto level = 1 + pick(3);
    for (std::size_t i = 0; i < c.decl.inputs.size(); ++i) {
      const auto& in = c.decl.inputs[i];
      std::uint64_t& v = values_.input[i];
      if (in.name == "rd")
        v = c.decl.name == "RMI_REALM_CREATE" ? in_state("DELEGATED") : realm_or_other(realm_kind);
      else if (in.name == "rec" && c.decl.name == "RMI_REC_CREATE")
        v = in_state("DELEGATED");
      else if (in.name == "run_ptr" || in.name == "params_ptr" || in.name == "src")
        v = in_state("UNDELEGATED");
      else if (in.name.find("rec") != std::string::npos)
        v = realm_or_other(rec_kind);
      else if (in.name == "ipa" || in.name == "base" || in.name == "top")
        v = ipa(static_cast<unsigned>(chance(0.7) ? level : 3));
      else if (in.name == "level")
        v = chance(0.1) ? pick(7) - 2 : level + (c.decl.name == "RMI_RTT_CREATE" ? 1 : 0);
      else if (in.name == "desc")
        v = (granule() & ~std::uint64_t{0xfff}) | (pick(8) << 2) | (pick(4) << 6);
      else if (in.type == "Address")
        v = in_state(chance(0.8) ? "DELEGATED" : "UNDELEGATED");
      else if (in.name == "addr")
        v = granule();
      else if (in.name == "req")
        v = chance(0.5) ? 0x10000 : pick(3) << 16;
      else if (in.name == "ripas" || in.name == "flags")
        v = pick(3);
      else if (in.name == "status")
        v = chance(0.5) ? 0 : ~pick(4);
      else
        v = pick(4);
      if (in.name == "addr") v = granule();
      if (in.name == "top" && i > 0 && chance(0.8)) v = values_.input[i - 1] + ((1 + pick(6)) << 12);
      if (in.name == "base" && c.decl.name == "RMI_RTT_SET_RIPAS" && chance(0.8)) {
        std::uint64_t addr = 0;
        if (state_.read(rec_kind, values_.input[1], spec_.object(rec_kind).find("ripas_addr")->slot, addr) ==
            Status::known)
          v = addr;
      }
    }
    remember(c);
    values_.output_known = (1U << c.decl.outputs.size()) - 1;
    for (std::size_t i = 0; i < c.decl.outputs.size(); ++i) values_.output[i] = chance(0.5) ? granule() : pick(4);
    params_type_ = c.params_type;
    values_.param.resize(c.params.size());
    values_.param_known.assign(c.params.size(), 1);
    for (std::size_t i = 0; i < c.params.size(); ++i) values_.param[i] = parameter(c.params[i]);
  }

  /// An IPA that a level 3 table of the Realm describes, if it has one.
  std::uint64_t page(std::uint64_t rd, std::uint64_t otherwise) {
    for (int tries = 0; tries < 20; ++tries) {
      const std::uint64_t a = pick(64) << 12;
      const Place p = state_.walk(rd, a, 3);
      if (p.status == Status::known && p.level == 3) return a;
    }
    return otherwise;
  }

  // Some commands need what an earlier one made: a page that is mapped, a PSCI request that is pending.
  void remember(const Command& c) {
    if (c.decl.name.starts_with("RMI_DATA_") && chance(0.6)) {
      std::uint64_t& ipa = values_.input[c.decl.name == "RMI_DATA_DESTROY" ? 1 : 2];
      ipa = page(values_.input[0], ipa);
    }
    if (c.decl.name == "RMI_DATA_DESTROY" && !mapped_.empty() && chance(0.6)) {
      const auto& [rd, ipa] = mapped_[pick(mapped_.size())];
      values_.input[0] = rd;
      values_.input[1] = ipa;
    }
    if (c.decl.name == "RMI_RTT_UNMAP_UNPROTECTED" && !unprotected_.empty() && chance(0.7)) {
      const auto& call = unprotected_[pick(unprotected_.size())];
      for (std::size_t i = 0; i < call.size(); ++i) values_.input[i] = call[i];
    }
    if (c.decl.name == "RMI_PSCI_COMPLETE" && chance(0.8)) {
      const auto slot = [&](const char* path) { return spec_.object(rec_kind).find(path)->slot; };
      for (const std::uint64_t calling : state_.objects(rec_kind))
        for (const std::uint64_t target : state_.objects(rec_kind)) {
          std::uint64_t pending = 0, wanted = 0, mpidr = 1;
          state_.read(rec_kind, calling, slot("psci_pending"), pending);
          state_.read(rec_kind, calling, static_cast<std::uint16_t>(slot("gprs") + 1), wanted);
          state_.read(rec_kind, target, slot("mpidr"), mpidr);
          if (calling == target || pending != spec_.value("PSCI_REQUEST_PENDING") || wanted != mpidr) continue;
          values_.input[0] = calling;
          values_.input[1] = target;
        }
    }
  }

  std::uint64_t parameter(const std::string& path) {
    if (path == "s2sz") return chance(0.8) ? 18 : 17 + pick(4);
    if (path == "rtt_level_start") return chance(0.9) ? 1 : pick(4) - 1;
    if (path == "rtt_num_start") return chance(0.85) ? 1 : pick(6);
    if (path == "rtt_base") return in_state("DELEGATED");
    if (path == "num_bps" || path == "num_wps") return pick(20) == 0 ? 0 : 1;
    if (path == "num_aux") return chance(0.9) ? 2 : pick(4);
    if (path == "vmid") return pick(8);
    if (path == "mpidr") return chance(0.7) ? next_rec() : pick(3);
    if (path == "flags") return params_type_ == "RmiRecParams" ? (chance(0.7) ? 1 : 0) : chance(0.9) ? 0 : pick(2);
    if (path == "enter.flags") return chance(0.8) ? 0 : pick(32);
    if (path == "sve_vl" || path == "pmu_num_ctrs" || path == "hash_algo") return 0;
    if (path.starts_with("aux[")) return in_state("DELEGATED");
    if (path == "exit.exit_reason") return pick(8);
    if (path == "exit.esr") return chance(0.5) ? 0x93000000 : 0;
    return pick(3);
  }

  /// Index that the next REC of the Realm at hand must have.
  std::uint64_t next_rec() {
    std::uint64_t index = 0;
    state_.read(realm_kind, values_.input[0], spec_.object(realm_kind).find("rec_index")->slot, index);
    return index;
  }

  // --- comparing ----------------------------------------------------------------------------------------------------

  std::optional<std::uint64_t> number(Term t) {
    if (!t.constant()) ++through_z3_;
    return terms_.evaluate(t, binding_);
  }

  void compare(const Command& c, const std::string& what, const ConcreteDomain::Value& v, const TermDomain::Value& t) {
    ++compared_;
    if (v.status == Status::free || v.status == Status::unknown) return; // nothing to hold the term against
    const auto defined = number(t.defined);
    if (!defined) return; // depends on something that the text leaves open
    const bool meaning = *defined != 0;
    if (meaning != (v.status == Status::known)) {
      report(c, what, v, meaning ? "a meaning" : "no meaning", t);
      return;
    }
    if (!meaning) return;
    const auto n = number(t.term);
    if (!n || *n != v.bits) report(c, what, v, n ? std::to_string(*n) : "undetermined", t);
  }

  void report(const Command& c, const std::string& what, const ConcreteDomain::Value& v, const std::string& found,
              const TermDomain::Value& t) {
    if (!difference_.empty()) return;
    difference_ = c.decl.name + " " + what + ": concrete status " + std::to_string(static_cast<int>(v.status)) +
                  " value " + std::to_string(v.bits) + ", terms say " + found + "\n" + terms_.to_string(t.term) + "\n" +
                  terms_.to_string(t.defined) + "\n";
    for (const auto& [variable, x] : binding_)
      difference_ += terms_.to_string(variable) + " = " + std::to_string(x) + "; ";
    for (std::size_t i = 0; i < c.decl.inputs.size(); ++i)
      difference_ += c.decl.inputs[i].name + "=" + std::to_string(values_.input[i]) + " ";
  }

  using Cells = std::vector<std::pair<CellId, std::uint64_t>>;

  void apply(const Command& c, const Equations& equations) {
    concrete_.sample(equations.sampled);
    symbolic_.sample(equations.sampled);
    for (const auto& group : equations.groups) {
      std::vector<Write<ConcreteDomain>> left;
      std::vector<Write<TermDomain>> right;
      concrete_.collect(group, left);
      symbolic_.collect(group, right);
      const Cells a = cells(left), b = cells(right);
      ++compared_;
      if (a != b && difference_.empty())
        difference_ =
            c.decl.name + " effects differ: " + std::to_string(a.size()) + " cells against " + std::to_string(b.size());
      for (const auto& w : left) write(w);
    }
    for (const auto& check : equations.checks)
      compare(c, "check", concrete_.eval(check.holds), symbolic_.eval(check.holds));
    for (const NodeId holds : equations.holds)
      if (holds != no_node && equations.groups.empty())
        compare(c, "equation", concrete_.eval(holds), symbolic_.eval(holds));
  }

  Cells cells(const std::vector<Write<ConcreteDomain>>& writes) {
    Cells out;
    for (const auto& w : writes) {
      if (w.guarded || w.value.status != Status::known) continue;
      if (w.to_entry) {
        if (w.place.status == Status::known)
          out.push_back({{entry_cell, w.field, w.place.index, w.place.table->number}, w.value.bits});
      } else if (w.key.status == Status::known) {
        out.push_back({{w.kind, w.field, 0, w.key.bits}, w.value.bits});
      }
    }
    return out;
  }
  Cells cells(const std::vector<Write<TermDomain>>& writes) {
    Cells out;
    for (const auto& w : writes) {
      if (number(w.guard.term) != std::optional<std::uint64_t>(1) ||
          number(w.guard.defined) != std::optional<std::uint64_t>(1))
        continue;
      if (number(w.value.defined) != std::optional<std::uint64_t>(1)) continue;
      const auto value = number(w.value.term);
      if (!value) continue; // opaque, as RIM
      if (w.to_entry) {
        for (const auto& at : w.place.at)
          if (number(at.guard) == std::optional<std::uint64_t>(1))
            out.push_back({{entry_cell, w.field, at.index, at.table->number}, *value});
      } else if (number(w.key.defined) == std::optional<std::uint64_t>(1)) {
        if (const auto key = number(w.key.term)) out.push_back({{w.kind, w.field, 0, *key}, *value});
      }
    }
    return out;
  }
  void write(const Write<ConcreteDomain>& w) {
    // Whatever the text leaves open gets a value, so that the next call finds known cells.
    const std::uint64_t value = w.value.status == Status::known ? w.value.bits : 0;
    if (w.guarded) return;
    if (w.to_entry) {
      if (w.place.status == Status::known)
        state_.write_entry(*w.place.table, w.place.index, static_cast<EntryField>(w.field), value, 1);
    } else if (w.key.status == Status::known && (w.kind != granule_kind || (w.key.bits & 0xfff) == 0)) {
      state_.write(w.kind, w.key.bits, w.field, value, 1);
    }
  }

  const Spec& spec_;
  std::vector<const Command*> drawn_;
  std::mt19937_64 random_;
  State state_;
  Terms terms_;
  ConcreteDomain concrete_domain_;
  TermDomain term_domain_;
  Evaluator<ConcreteDomain> concrete_;
  Evaluator<TermDomain> symbolic_;
  CallValues values_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> mapped_; ///< Realm and IPA
  std::vector<std::array<std::uint64_t, 3>> unprotected_;       ///< Realm, IPA, level
  std::string params_type_;
  double hidden_ = 0;
  std::map<std::string, bool> opacity_, bound_;
  std::vector<std::pair<Term, std::uint64_t>> binding_;
  std::string difference_;
  std::map<std::string, std::uint64_t> calls_, successes_;
  std::uint64_t compared_ = 0, through_z3_ = 0;
};

} // namespace

TEST_CASE("machine integers and Z3 terms agree on random calls of every command") {
  LoadOptions options;
  options.constants["RMM_RTT_ENTRIES_LOG2"] = 2;
  const auto spec = Spec::load(RMMCHECK_SOURCE_DIR "/specs/rmm-1.0-rel0", options);
  REQUIRE(spec.ok());
  const std::uint64_t seed = setting("RMMCHECK_SEED", 1), rounds = setting("RMMCHECK_ROUNDS", 100'000);
  std::cout << "domains: seed " << seed << ", " << rounds << " calls (RMMCHECK_SEED, RMMCHECK_ROUNDS)\n";
  // A fresh machine every 500 calls: an old one has all its Granules in use and refuses everything.
  std::map<std::string, std::uint64_t> calls, successes;
  std::uint64_t compared = 0, through_z3 = 0, done = 0;
  // A rare success (PSCI_COMPLETE needs two RECs and a request) may ask for some more machines.
  const auto wanting = [&] {
    return rounds >= 100'000 && done < 4 * rounds &&
           std::any_of(spec.value()->commands().begin(), spec.value()->commands().end(),
                       [&](const auto& c) { return successes[c->decl.name] == 0; });
  };
  for (std::uint64_t world = 0; done < rounds || wanting(); ++world) {
    Lockstep lockstep(*spec.value(), seed + world);
    for (std::uint64_t i = 0; i < 500; ++i, ++done) {
      const std::string difference = lockstep.step();
      INFO("call " << i << " of seed " << seed + world << ": " << difference);
      REQUIRE(difference.empty());
    }
    for (const auto& [name, n] : lockstep.calls()) calls[name] += n;
    for (const auto& [name, n] : lockstep.successes()) successes[name] += n;
    compared += lockstep.compared();
    through_z3 += lockstep.through_z3();
  }
  for (const auto& [name, n] : successes)
    if (n < 20) std::cout << "domains: only " << n << " successes of " << name << "\n";
  std::cout << "domains: " << compared << " comparisons, " << through_z3 << " terms evaluated by Z3\n";
  for (const auto& c : spec.value()->commands()) {
    INFO(c->decl.name);
    CHECK(calls[c->decl.name] != 0);
    if (rounds >= 100'000) CHECK(successes[c->decl.name] != 0);
  }
}
