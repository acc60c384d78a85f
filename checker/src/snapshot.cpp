#include "snapshot.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "describe.hpp"

namespace rmmcheck::checker {

using namespace model;

namespace {

constexpr std::array<const char*, entry_fields> field_names{"state", "ripas", "addr", "MemAttr", "S2AP"};
constexpr std::array<const char*, entry_fields> field_types{"RmmRttEntryState", "RmmRipas", "Address", "Bits3",
                                                            "Bits2"};

std::string table_name(const Table& t) {
  return t.addr_known ? fmt::format("Rtt({:#x})", t.addr) : "Rtt(unknown address)";
}

struct EntryValue {
  Status status = Status::undefined; ///< undefined: there is no such table
  std::uint64_t bits = 0;
  friend bool operator==(const EntryValue& a, const EntryValue& b) {
    return a.status == b.status && (a.status != Status::known || a.bits == b.bits);
  }
};

EntryValue entry_value(const Table* t, std::uint32_t i, EntryField field) {
  EntryValue v;
  if (t != nullptr) v.status = State::read_entry(*t, i, field, v.bits);
  return v;
}

} // namespace

Snapshot::Snapshot(const Spec& spec, State& state, const std::vector<std::uint64_t>& granules)
    : spec_(spec), state_(state), state_slot_(spec.object(granule_kind).find("state")->slot),
      gpt_slot_(spec.object(granule_kind).find("gpt")->slot), objects_(objects()), tables_(tables()) {
  if (!state_.platform().delegable_known)
    for (const std::uint64_t addr : granules)
      if ((addr & 0xfff) == 0 && std::find(extra_.begin(), extra_.end(), addr) == extra_.end()) extra_.push_back(addr);
  each_granule([&](std::uint64_t addr) { granules_.push_back(granule(addr)); });
}

Snapshot::Granule Snapshot::granule(std::uint64_t addr) const {
  Granule g{};
  std::uint64_t value = 0;
  g.state_known = state_.read(granule_kind, addr, state_slot_, value);
  g.state = static_cast<std::uint8_t>(value);
  g.gpt_known = state_.read(granule_kind, addr, gpt_slot_, value);
  g.gpt = static_cast<std::uint8_t>(value);
  g.writer = state_.writer({granule_kind, state_slot_, 0, addr});
  return g;
}

template <class F>
void Snapshot::each_granule(F f) const {
  if (state_.platform().delegable_known)
    for (const auto& r : state_.platform().delegable)
      for (std::uint64_t i = 0; i < r.count; ++i) f(r.base + (i << 12));
  for (const std::uint64_t addr : extra_) f(addr);
}

Snapshot::Objects Snapshot::objects() const {
  Objects out;
  for (const std::uint8_t kind : {realm_kind, rec_kind})
    for (const std::uint64_t key : state_.objects(kind)) {
      auto& slots = out[{kind, key}];
      for (std::uint16_t s = 0; s < spec_.object(kind).slots; ++s) {
        Slot slot{Status::undefined, 0, state_.writer({kind, s, 0, key})};
        slot.status = state_.read(kind, key, s, slot.value);
        slots.push_back(slot);
      }
    }
  return out;
}

Snapshot::Tables Snapshot::tables() const {
  Tables out;
  state_.each_table([&](const Table& t) { out.emplace(t.number, t); });
  return out;
}

std::string Snapshot::text(const std::string& type, Status status, std::uint64_t value) const {
  return status == Status::undefined ? "-" : value_text(spec_, type, {value, status});
}

std::vector<Explanation::Cell> Snapshot::changes(const SeqOf& seq_of) const {
  std::vector<Explanation::Cell> out;
  granule_changes(out, seq_of);
  object_changes(out, seq_of);
  table_changes(out, seq_of);
  return out;
}

void Snapshot::granule_changes(std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const {
  const ObjectKind& kind = spec_.object(granule_kind);
  std::size_t i = 0;
  each_granule([&](std::uint64_t addr) {
    const Granule &before = granules_[i++], after = granule(addr);
    if (before == after) return;
    const auto add = [&](const char* field, Status s0, std::uint64_t v0, Status s1, std::uint64_t v1) {
      const std::string &type = kind.find(field)->type, b = text(type, s0, v0), a = text(type, s1, v1);
      if (a != b) out.push_back({fmt::format("Granule({:#x}).{}", addr, field), b, a, seq_of(before.writer)});
    };
    add("state", before.state_known, before.state, after.state_known, after.state);
    add("gpt", before.gpt_known, before.gpt, after.gpt_known, after.gpt);
  });
}

void Snapshot::object_changes(std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const {
  const Objects now = objects();
  for (const auto& [id, slots] : objects_)
    if (!now.contains(id))
      out.push_back({fmt::format("{}({:#x})", spec_.object(id.first).name, id.second), "exists", "-", 0});
  for (const auto& [id, slots] : now) {
    const auto old = objects_.find(id);
    for (const auto& field : spec_.object(id.first).fields)
      for (std::uint16_t k = 0; k < std::max<std::uint16_t>(field.count, 1); ++k) {
        const std::uint16_t s = static_cast<std::uint16_t>(field.slot + k);
        const Slot before = old == objects_.end() ? Slot{Status::undefined, 0, 0} : old->second[s];
        const std::string b = text(field.type, before.status, before.value),
                          a = text(field.type, slots[s].status, slots[s].value);
        if (a == b || (before.status == Status::undefined && slots[s].status != Status::known)) continue;
        const std::string element = field.count == 0 ? "" : fmt::format("[{}]", k);
        out.push_back({fmt::format("{}({:#x}).{}{}", spec_.object(id.first).name, id.second, field.path, element), b, a,
                       seq_of(before.writer)});
      }
  }
}

void Snapshot::table_changes(std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const {
  const Tables now = tables();
  for (const auto& [number, t] : tables_)
    if (!now.contains(number)) out.push_back({table_name(t), "exists", "-", 0});
  for (const auto& [number, t] : now) {
    const auto old = tables_.find(number);
    for (std::uint16_t f = 0; f < entry_fields; ++f)
      entry_changes(table_name(t), old == tables_.end() ? nullptr : &old->second, t, static_cast<EntryField>(f), out,
                    seq_of);
  }
}

void Snapshot::entry_changes(const std::string& name, const Table* before, const Table& after, EntryField field,
                             std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const {
  struct Run {
    std::uint32_t first = 0, last = 0;
    EntryValue before, after; // of the first entry
    std::uint64_t stride = 0; // addresses that follow each other
    CallNumber writer = 0;
  };
  const auto f = static_cast<std::size_t>(field);
  const std::string type = field_types[f];
  std::optional<Run> run;
  const auto flush = [&] {
    if (!run) return;
    const std::string index =
        run->first == run->last ? fmt::format("{}", run->first) : fmt::format("{}..{}", run->first, run->last);
    std::string a = text(type, run->after.status, run->after.bits);
    if (run->stride != 0) a += fmt::format(" + {:#x} each", run->stride);
    out.push_back({fmt::format("{}[{}].{}", name, index, field_names[f]),
                   text(type, run->before.status, run->before.bits), a, seq_of(run->writer)});
    run.reset();
  };
  for (std::uint32_t i = 0; i < after.entries; ++i) {
    const EntryValue b = entry_value(before, i, field), a = entry_value(&after, i, field);
    // What was unknown and is unknown in a new table says nothing.
    if (a == b || (b.status == Status::undefined && a.status != Status::known)) {
      flush();
      continue;
    }
    const CallNumber writer = before == nullptr ? 0 : before->writer[i];
    const bool addresses = field == EntryField::addr && a.status == Status::known;
    if (run && run->last + 1 == i && run->before == b && run->writer == writer) {
      const std::uint64_t step = addresses && run->after.status == Status::known ? a.bits - run->after.bits : 0;
      const bool second = run->first == run->last;
      if (run->after == a && run->stride == 0) {
        run->last = i;
        continue;
      }
      if (addresses && step != 0 && (second || step == run->stride * (i - run->first))) {
        if (second) run->stride = step;
        run->last = i;
        continue;
      }
    }
    flush();
    run = Run{i, i, b, a, 0, writer};
  }
  flush();
}

} // namespace rmmcheck::checker
