#include "rmmcheck/model/state.hpp"

#include <algorithm>
#include <cstring>

namespace rmmcheck::model {

State::State(const Spec& spec, Platform platform)
    : spec_(spec), platform_(std::move(platform)), entries_log2_(spec.entries_log2()),
      entries_(1U << spec.entries_log2()), initial_state_(static_cast<std::uint8_t>(spec.value("UNDELEGATED"))),
      initial_gpt_(static_cast<std::uint8_t>(spec.value("GPT_NS"))),
      state_rtt_(static_cast<std::uint8_t>(spec.value("RTT"))), state_rd_(static_cast<std::uint8_t>(spec.value("RD"))),
      state_rec_(static_cast<std::uint8_t>(spec.value("REC"))),
      entry_table_(static_cast<std::uint8_t>(spec.value("TABLE"))) {
  const auto slot = [&](std::uint8_t kind, const char* path) { return spec.object(kind).find(path)->slot; };
  granule_state_slot_ = slot(granule_kind, "state");
  realm_slots_ = {slot(realm_kind, "ipa_width"), slot(realm_kind, "rtt_level_start"), slot(realm_kind, "rtt_num_start"),
                  slot(realm_kind, "rtt_base")};
}

State::~State() = default;

// --- Granules -------------------------------------------------------------------------------------------------------

const State::Chunk* State::chunk(std::uint64_t addr) const {
  const std::uint64_t number = addr >> 21;
  if (number == last_chunk_) return last_;
  const auto it = chunks_.find(number);
  if (it == chunks_.end()) return nullptr;
  last_chunk_ = number;
  last_ = it->second.get();
  return last_;
}

State::Chunk& State::chunk_for_write(std::uint64_t addr) {
  if (const Chunk* c = chunk(addr)) return const_cast<Chunk&>(*c);
  auto fresh = std::make_unique<Chunk>();
  std::memset(fresh->state, initial_state_, sizeof fresh->state);
  std::memset(fresh->gpt, initial_gpt_, sizeof fresh->gpt);
  std::memset(fresh->writer, 0, sizeof fresh->writer);
  Chunk& c = *fresh;
  chunks_[addr >> 21] = std::move(fresh);
  last_chunk_ = addr >> 21;
  last_ = &c;
  return c;
}

// --- objects --------------------------------------------------------------------------------------------------------

Object* State::find(std::uint8_t kind, std::uint64_t key) const {
  const auto& map = kind == realm_kind ? realms_ : recs_;
  const auto it = map.find(key);
  return it == map.end() ? nullptr : it->second.get();
}

Object& State::find_or_make(std::uint8_t kind, std::uint64_t key) {
  if (Object* o = find(kind, key)) return *o;
  auto o = std::make_unique<Object>();
  const auto n = spec_.object(kind).slots;
  o->slot.assign(n, 0);
  o->unknown.assign(n, 1);
  o->writer.assign(n, 0);
  Object& made = *o;
  (kind == realm_kind ? realms_ : recs_)[key] = std::move(o);
  return made;
}

Status State::read(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, std::uint64_t& value) const {
  if (kind == granule_kind) {
    if ((key & 0xfff) != 0 || (platform_.delegable_known && !platform_.is_delegable(key))) return Status::undefined;
    const Chunk* c = chunk(key);
    const std::size_t i = (key >> 12) & 511;
    const std::uint8_t v = c == nullptr ? (slot == granule_state_slot_ ? initial_state_ : initial_gpt_)
                                        : (slot == granule_state_slot_ ? c->state[i] : c->gpt[i]);
    value = v;
    return v == unknown_granule ? Status::unknown : Status::known;
  }
  const Object* o = find(kind, key);
  if (o == nullptr || o->dying) {
    // An object can be hidden behind a Granule whose state is unknown.
    std::uint64_t state = 0;
    return read(granule_kind, key, granule_state_slot_, state) == Status::unknown ? Status::unknown : Status::undefined;
  }
  value = o->slot[slot];
  return o->unknown[slot] != 0 ? Status::unknown : Status::known;
}

CallNumber State::writer(const CellId& cell) const {
  if (cell.kind == entry_cell) {
    const Table* t = table_number(static_cast<std::uint32_t>(cell.key));
    return t == nullptr ? 0 : t->writer[cell.index];
  }
  if (cell.kind == granule_kind) {
    const Chunk* c = chunk(cell.key);
    return c == nullptr ? 0 : c->writer[(cell.key >> 12) & 511];
  }
  const Object* o = find(cell.kind, cell.key);
  return o == nullptr ? 0 : o->writer[cell.field];
}

void State::forget_granules(CallNumber written_by, CallNumber by) {
  std::vector<std::uint64_t> found;
  for (const auto& [number, c] : chunks_)
    for (std::size_t i = 0; i < 512; ++i)
      if (c->writer[i] == written_by) found.push_back((number << 21) + (i << 12));
  for (const std::uint64_t addr : found) forget(granule_kind, addr, granule_state_slot_, by);
}

void State::record(const CellId& cell) {
  Undo u{cell, 0, writer(cell), false};
  if (cell.kind == entry_cell) {
    const Table* t = table_number(static_cast<std::uint32_t>(cell.key));
    u.unknown = read_entry(*t, cell.index, static_cast<EntryField>(cell.field), u.value) != Status::known;
  } else if (cell.kind == granule_kind) {
    const Chunk* c = chunk(cell.key);
    const std::size_t i = (cell.key >> 12) & 511;
    u.value = c == nullptr ? (cell.field == granule_state_slot_ ? initial_state_ : initial_gpt_)
                           : (cell.field == granule_state_slot_ ? c->state[i] : c->gpt[i]);
    u.unknown = u.value == unknown_granule;
  } else if (const Object* o = find(cell.kind, cell.key)) {
    u.value = o->slot[cell.field];
    u.unknown = o->unknown[cell.field] != 0;
  } else {
    u.unknown = true;
  }
  undo_.push_back(u);
}

void State::put(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, std::uint64_t value, bool unknown,
                CallNumber by) {
  if (kind == granule_kind) {
    Chunk& c = chunk_for_write(key);
    const std::size_t i = (key >> 12) & 511;
    const auto v = unknown ? unknown_granule : static_cast<std::uint8_t>(value);
    std::uint8_t& cell = slot == granule_state_slot_ ? c.state[i] : c.gpt[i];
    const std::uint8_t old = cell;
    cell = v;
    c.writer[i] = by;
    if (slot == granule_state_slot_ && old != v) granule_changed(key, old, v);
    return;
  }
  Object* o = find(kind, key);
  if (o == nullptr) return; // no such Realm or REC: its Granule is in another state
  o->slot[slot] = value;
  o->unknown[slot] = unknown ? 1 : 0;
  o->writer[slot] = by;
}

void State::write(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, std::uint64_t value, CallNumber by) {
  if (recording_) record({kind, slot, 0, key});
  put(kind, key, slot, value, false, by);
}
void State::forget(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, CallNumber by) {
  if (recording_) record({kind, slot, 0, key});
  put(kind, key, slot, 0, true, by);
}

// Realms, RECs and tables live exactly while their Granule is in the state that carries them.
void State::granule_changed(std::uint64_t addr, std::uint8_t from, std::uint8_t to) {
  if (from == state_rtt_ || from == state_rd_ || from == state_rec_) dying_.push_back(addr);
  if (from == state_rd_ || from == state_rec_)
    if (Object* o = find(from == state_rd_ ? realm_kind : rec_kind, addr)) o->dying = true;
  if (to == state_rd_ || to == state_rec_) {
    const std::uint8_t kind = to == state_rd_ ? realm_kind : rec_kind;
    if (Object* o = find(kind, addr)) {
      // Back to life within one call: only when a call is undone.
      o->dying = false;
      std::erase(dying_, addr);
    } else {
      find_or_make(kind, addr);
    }
  }
  if (to == state_rtt_) {
    if (std::find(dying_.begin(), dying_.end(), addr) != dying_.end() && table_by_addr_.contains(addr)) {
      std::erase(dying_, addr);
      return;
    }
    Table* t = make_table();
    t->addr = addr;
    table_by_addr_[addr] = t;
    if (recording_) made_.push_back(t->number);
  }
}

std::vector<std::uint64_t> State::objects(std::uint8_t kind) const {
  std::vector<std::uint64_t> out;
  each_object(kind, [&](std::uint64_t key) { out.push_back(key); });
  std::sort(out.begin(), out.end());
  return out;
}

// --- tables ---------------------------------------------------------------------------------------------------------

Table* State::make_table() {
  std::unique_ptr<Table> t;
  if (spare_.empty()) {
    t = std::make_unique<Table>();
    t->entries = entries_;
    t->word.resize(entries_);
    t->attr.resize(entries_);
    t->output.resize(entries_);
    t->writer.resize(entries_);
  } else {
    t = std::move(spare_.back());
    spare_.pop_back();
  }
  t->number = next_table_++;
  t->parent = nullptr;
  t->addr_known = true;
  std::fill(t->word.begin(), t->word.end(), std::uint8_t{0x3f}); // state and RIPAS unknown
  std::fill(t->attr.begin(), t->attr.end(), std::uint8_t{0xe0}); // attributes and address unknown
  std::fill(t->writer.begin(), t->writer.end(), CallNumber{0});
  t->child.clear();
  Table* raw = t.get();
  tables_[raw->number] = std::move(t);
  return raw;
}

void State::destroy_table(Table* t) {
  if (t->parent != nullptr && !t->parent->child.empty()) t->parent->child[t->parent_index] = nullptr;
  for (Table* c : t->child)
    if (c != nullptr) c->parent = nullptr;
  const auto it = tables_.find(t->number);
  if (spare_.size() < 64) spare_.push_back(std::move(it.value()));
  tables_.erase(it);
}

Table* State::table_at(std::uint64_t addr) const {
  const auto it = table_by_addr_.find(addr);
  return it == table_by_addr_.end() ? nullptr : it->second;
}
Table* State::table_number(std::uint32_t number) const {
  const auto it = tables_.find(number);
  return it == tables_.end() ? nullptr : it->second.get();
}

Table* State::child(Table& table, std::uint32_t index) const {
  if (!table.child.empty() && table.child[index] != nullptr) return table.child[index];
  if ((table.attr[index] & 0x80) != 0) return nullptr;
  Table* t = table_at(table.output[index]);
  if (t == nullptr || t == &table) return nullptr;
  if (table.child.empty()) table.child.assign(table.entries, nullptr);
  if (t->parent != nullptr && !t->parent->child.empty()) t->parent->child[t->parent_index] = nullptr;
  table.child[index] = t;
  t->parent = &table;
  t->parent_index = index;
  return t;
}

void State::unlink(Table& table, std::uint32_t index) const {
  if (table.child.empty() || table.child[index] == nullptr) return;
  table.child[index]->parent = nullptr;
  table.child[index] = nullptr;
}

Table* State::assume_child(Table& table, std::uint32_t index, CallNumber by) {
  if (Table* t = child(table, index)) return t;
  Table* t = make_table();
  t->addr_known = false;
  if (table.child.empty()) table.child.assign(table.entries, nullptr);
  table.child[index] = t;
  t->parent = &table;
  t->parent_index = index;
  std::fill(t->writer.begin(), t->writer.end(), by);
  if (recording_) made_.push_back(t->number);
  return t;
}

Table* State::root(std::uint64_t rd, std::uint64_t t) const {
  const Object* o = find(realm_kind, rd);
  if (o == nullptr || o->unknown[realm_slots_.rtt_base] != 0) return nullptr;
  return table_at(o->slot[realm_slots_.rtt_base] + (t << 12));
}

Place State::walk(std::uint64_t rd, std::uint64_t ipa, std::int64_t level) const {
  Place p;
  const Object* o = find(realm_kind, rd);
  if (o == nullptr || o->dying) return p;
  if (o->unknown[realm_slots_.ipa_width] != 0 || o->unknown[realm_slots_.level_start] != 0 ||
      o->unknown[realm_slots_.rtt_base] != 0) {
    p.status = Status::unknown;
    return p;
  }
  const auto start = static_cast<std::int64_t>(o->slot[realm_slots_.level_start]);
  const std::uint64_t width = o->slot[realm_slots_.ipa_width];
  if (level < start || level > 3 || start < -1 || width > 63 || ipa >> width != 0) return p;
  p.level = static_cast<std::int32_t>(start);
  const std::uint64_t first = ipa >> shift(p.level);
  p.table = table_at(o->slot[realm_slots_.rtt_base] + (first >> entries_log2_ << 12));
  if (p.table == nullptr) {
    p.status = Status::unknown;
    return p;
  }
  p.index = static_cast<std::uint32_t>(first) & (entries_ - 1);
  while (p.level < level) {
    const std::uint8_t state = p.table->state(p.index);
    if (state == Table::unknown) {
      p.status = Status::unknown;
      return p;
    }
    if (state != entry_table_) break;
    Table* next = child(*p.table, p.index);
    if (next == nullptr) {
      p.status = Status::unknown;
      return p;
    }
    p.table = next;
    ++p.level;
    p.index = static_cast<std::uint32_t>(ipa >> shift(p.level)) & (entries_ - 1);
  }
  p.status = Status::known;
  return p;
}

Status State::read_entry(const Table& t, std::uint32_t i, EntryField field, std::uint64_t& value) {
  switch (field) {
  case EntryField::state: value = t.state(i); return value == Table::unknown ? Status::unknown : Status::known;
  case EntryField::ripas: value = t.ripas(i); return value == Table::unknown ? Status::unknown : Status::known;
  case EntryField::addr: value = t.output[i]; return (t.attr[i] & 0x80) != 0 ? Status::unknown : Status::known;
  case EntryField::mem_attr: value = t.attr[i] & 7; return (t.attr[i] & 0x20) != 0 ? Status::unknown : Status::known;
  case EntryField::s2ap: value = (t.attr[i] >> 3) & 3; return (t.attr[i] & 0x40) != 0 ? Status::unknown : Status::known;
  }
  return Status::undefined;
}

void State::put_entry(Table& t, std::uint32_t i, EntryField field, std::uint64_t value, bool unknown, CallNumber by) {
  const auto v = static_cast<std::uint8_t>(value);
  switch (field) {
  case EntryField::state:
    t.word[i] = static_cast<std::uint8_t>((t.word[i] & ~7) | (unknown ? 7 : v & 7));
    unlink(t, i);
    break;
  case EntryField::ripas:
    t.word[i] = static_cast<std::uint8_t>((t.word[i] & ~0x38) | ((unknown ? 7 : v & 7) << 3));
    break;
  case EntryField::addr:
    t.output[i] = value;
    t.attr[i] = static_cast<std::uint8_t>((t.attr[i] & ~0x80) | (unknown ? 0x80 : 0));
    unlink(t, i);
    break;
  case EntryField::mem_attr:
    t.attr[i] = static_cast<std::uint8_t>((t.attr[i] & ~0x27) | (unknown ? 0x20 : v & 7));
    break;
  case EntryField::s2ap:
    t.attr[i] = static_cast<std::uint8_t>((t.attr[i] & ~0x58) | (unknown ? 0x40 : (v & 3) << 3));
    break;
  }
  t.writer[i] = by;
}

void State::write_entry(Table& t, std::uint32_t i, EntryField field, std::uint64_t value, CallNumber by) {
  if (recording_) record({entry_cell, static_cast<std::uint16_t>(field), i, t.number});
  put_entry(t, i, field, value, false, by);
}
void State::forget_entry(Table& t, std::uint32_t i, EntryField field, CallNumber by) {
  if (recording_) record({entry_cell, static_cast<std::uint16_t>(field), i, t.number});
  put_entry(t, i, field, 0, true, by);
}

// --- calls ----------------------------------------------------------------------------------------------------------

void State::commit() {
  for (std::size_t k = 0; k < dying_.size(); ++k) {
    const std::uint64_t addr = dying_[k];
    std::uint64_t state = 0;
    const bool known = read(granule_kind, addr, granule_state_slot_, state) == Status::known;
    if (!known || state != state_rtt_)
      if (const auto it = table_by_addr_.find(addr); it != table_by_addr_.end()) {
        destroy_table(it->second);
        table_by_addr_.erase(it);
      }
    for (auto* map : {&realms_, &recs_})
      if (const auto it = map->find(addr); it != map->end() && it->second->dying) map->erase(it);
  }
  dying_.clear();
  made_.clear();
  undo_.clear();
  recording_ = false;
}

void State::rollback() {
  recording_ = false;
  for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
    const CellId& c = it->cell;
    if (c.kind == entry_cell) {
      Table* t = table_number(static_cast<std::uint32_t>(c.key));
      if (t == nullptr) continue;
      put_entry(*t, c.index, static_cast<EntryField>(c.field), it->value, it->unknown, it->writer);
    } else {
      put(c.kind, c.key, c.field, it->value, it->unknown, it->writer);
    }
  }
  commit();
}

} // namespace rmmcheck::model
