// Model state: Granules by physical address, Realms and RECs by the address of their Granule, and translation tables by
// their place in a Realm's tree. Every cell is known or unknown; a known cell remembers the call that wrote it.
//
// Costs: a Granule is 6 bytes in chunks of 512; a table is 14 bytes an entry, allocated when its Granule becomes an RTT
// and reused afterwards. Memory follows live state. Not thread-safe: one State per checker.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include <tsl/robin_map.h>

#include "rmmcheck/model/program.hpp"
#include "rmmcheck/model/spec.hpp"

namespace rmmcheck::model {

/// Number of the call that wrote a cell, counted by the checker; 0 = the initial state.
using CallNumber = std::uint32_t;

/// What is known of the platform: from a trace's header, not from the state.
struct Platform {
  struct Range {
    std::uint64_t base = 0, count = 0; ///< bytes, Granules
  };
  std::vector<Range> delegable;
  bool delegable_known = false;
  std::uint64_t features = 0; ///< feature register 0
  bool features_known = false;
  std::uint64_t version_lower = 0, version_higher = 0;
  bool version_known = false;
  std::uint64_t aux_count = 0;
  bool aux_count_known = false;

  [[nodiscard]] bool is_delegable(std::uint64_t addr) const {
    for (const auto& r : delegable)
      if (addr - r.base < r.count << 12) return true;
    return false;
  }
};

/// What can be said about a value.
enum class Status : std::uint8_t {
  known,
  undefined, ///< the expression has no meaning here (no such Realm, a walk outside the IPA space)
  unknown,   ///< the value of a cell that nothing has determined yet
  free,      ///< left open: by the text, or by a recording that does not hold it
};

/// One item of state, named. `kind` is an object kind, or `entry_cell` with `key` the number of a table.
struct CellId {
  std::uint8_t kind = 0;
  std::uint16_t field = 0; ///< slot, or EntryField
  std::uint32_t index = 0; ///< entries: index in the table
  std::uint64_t key = 0;   ///< address, or table number
  friend bool operator==(const CellId&, const CellId&) = default;
  friend auto operator<=>(const CellId&, const CellId&) = default;
};
inline constexpr std::uint8_t entry_cell = object_kinds;

/// A translation table. Entry words are packed: state in bits 2:0, RIPAS in bits 5:3; 7 = unknown.
struct Table {
  static constexpr std::uint8_t unknown = 7;
  std::uint32_t number = 0; ///< unique over the run
  std::uint64_t addr = 0;   ///< physical address of its Granule
  bool addr_known = true;
  std::uint32_t entries = 0;
  Table* parent = nullptr; ///< table with the TABLE entry that points here, once walked through
  std::uint32_t parent_index = 0;
  std::vector<std::uint8_t> word;
  std::vector<std::uint8_t> attr;    ///< MemAttr bits 2:0, S2AP bits 4:3, unknown: MemAttr 0x20, S2AP 0x40, addr 0x80
  std::vector<std::uint64_t> output; ///< output address
  std::vector<CallNumber> writer;
  std::vector<Table*> child; ///< found tables; empty until the first is found

  [[nodiscard]] std::uint8_t state(std::uint32_t i) const { return word[i] & 7; }
  [[nodiscard]] std::uint8_t ripas(std::uint32_t i) const { return (word[i] >> 3) & 7; }
};

/// A Realm or a REC.
struct Object {
  std::vector<std::uint64_t> slot;
  std::vector<std::uint8_t> unknown; ///< per slot
  std::vector<CallNumber> writer;
  bool dying = false; ///< its Granule is no longer in the state that carries it; removed at commit
};

/// Where a walk ended: the entry `index` of `table`, a table of level `level`.
struct Place {
  Table* table = nullptr;
  std::uint32_t index = 0;
  std::int32_t level = 0;
  Status status = Status::undefined;
};

class State {
public:
  State(const Spec& spec, Platform platform);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  [[nodiscard]] const Platform& platform() const { return platform_; }
  [[nodiscard]] Platform& platform() { return platform_; }
  [[nodiscard]] std::uint32_t entries() const { return entries_; }
  [[nodiscard]] unsigned entries_log2() const { return entries_log2_; }
  /// log2 of the size in bytes of what an entry at `level` describes.
  [[nodiscard]] unsigned shift(std::int32_t level) const {
    return 12 + entries_log2_ * static_cast<unsigned>(3 - level);
  }

  // --- objects ------------------------------------------------------------------------------------------------------
  /// Status::undefined where no such object exists (or, for a Granule, where the address is unaligned or not
  /// delegable).
  Status read(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, std::uint64_t& value) const;
  /// A Realm, REC or table appears, with every cell unknown, when its Granule takes the state that carries it, and
  /// disappears (at commit) when the Granule leaves it. Writing to an object that does not exist does nothing.
  void write(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, std::uint64_t value, CallNumber by);
  void forget(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, CallNumber by);
  [[nodiscard]] CallNumber writer(const CellId& cell) const;
  /// The states of all Granules that call `written_by` wrote become unknown. Looks at every Granule; not for the hot
  /// path.
  void forget_granules(CallNumber written_by, CallNumber by);
  /// Addresses of the live objects of a kind (Realms, RECs), sorted.
  [[nodiscard]] std::vector<std::uint64_t> objects(std::uint8_t kind) const;
  template <class F>
  void each_object(std::uint8_t kind, F f) const {
    for (const auto& [key, object] : kind == realm_kind ? realms_ : recs_)
      if (!object->dying) f(key);
  }

  // --- tables -------------------------------------------------------------------------------------------------------
  /// The table whose Granule is at `addr`; null when there is none.
  [[nodiscard]] Table* table_at(std::uint64_t addr) const;
  [[nodiscard]] Table* table_number(std::uint32_t number) const;
  /// All tables, in the order in which they were made.
  template <class F>
  void each_table(F f) const {
    std::vector<std::uint32_t> numbers;
    for (const auto& [number, table] : tables_) numbers.push_back(number);
    std::sort(numbers.begin(), numbers.end());
    for (const auto number : numbers) f(*table_number(number));
  }
  /// The table that a TABLE entry points to; null when its address is unknown or no table is there.
  [[nodiscard]] Table* child(Table& table, std::uint32_t index) const;
  /// Starting table `t` of a Realm; null when the Realm's attributes are unknown.
  [[nodiscard]] Table* root(std::uint64_t rd, std::uint64_t t) const;
  /// Walks from the starting level to `level`; status unknown when an unknown cell is met on the way.
  [[nodiscard]] Place walk(std::uint64_t rd, std::uint64_t ipa, std::int64_t level) const;
  static Status read_entry(const Table& table, std::uint32_t index, EntryField field, std::uint64_t& value);
  void write_entry(Table& table, std::uint32_t index, EntryField field, std::uint64_t value, CallNumber by);
  void forget_entry(Table& table, std::uint32_t index, EntryField field, CallNumber by);
  /// A table that must exist below an entry but was never seen made: all its entries are unknown.
  Table* assume_child(Table& table, std::uint32_t index, CallNumber by);

  /// Ends a call: removes the objects and tables whose Granules have changed state.
  void commit();

  /// Undoing: after `begin`, every write is recorded until `commit`; `rollback` takes them back.
  void begin() { recording_ = true; }
  void rollback();

  [[nodiscard]] std::size_t live_tables() const { return tables_.size(); }
  /// Slots of Realm attributes that walks need.
  struct RealmSlots {
    std::uint16_t ipa_width = 0, level_start = 0, num_start = 0, rtt_base = 0;
  };
  [[nodiscard]] const RealmSlots& realm_slots() const { return realm_slots_; }
  [[nodiscard]] std::uint64_t table_state() const { return entry_table_; }

private:
  struct Chunk {
    std::uint8_t state[512], gpt[512];
    CallNumber writer[512];
  };
  static constexpr std::uint8_t unknown_granule = 0xff;
  struct Undo {
    CellId cell;
    std::uint64_t value;
    CallNumber writer;
    bool unknown;
  };

  [[nodiscard]] const Chunk* chunk(std::uint64_t addr) const;
  Chunk& chunk_for_write(std::uint64_t addr);
  [[nodiscard]] Object* find(std::uint8_t kind, std::uint64_t key) const;
  Object& find_or_make(std::uint8_t kind, std::uint64_t key);
  void granule_changed(std::uint64_t addr, std::uint8_t from, std::uint8_t to);
  Table* make_table();
  void destroy_table(Table* table);
  void record(const CellId& cell);
  void put(std::uint8_t kind, std::uint64_t key, std::uint16_t slot, std::uint64_t value, bool unknown, CallNumber by);
  void put_entry(Table& table, std::uint32_t index, EntryField field, std::uint64_t value, bool unknown, CallNumber by);
  void unlink(Table& table, std::uint32_t index) const;

  const Spec& spec_;
  Platform platform_;
  unsigned entries_log2_;
  std::uint32_t entries_;
  RealmSlots realm_slots_;
  std::uint16_t granule_state_slot_ = 0;
  std::uint8_t initial_state_, initial_gpt_, state_rtt_, state_rd_, state_rec_;
  std::uint8_t entry_table_; ///< value of TABLE

  tsl::robin_map<std::uint64_t, std::unique_ptr<Chunk>> chunks_;
  mutable std::uint64_t last_chunk_ = ~std::uint64_t{0};
  mutable Chunk* last_ = nullptr;
  tsl::robin_map<std::uint64_t, std::unique_ptr<Object>> realms_, recs_;
  tsl::robin_map<std::uint64_t, Table*> table_by_addr_;
  tsl::robin_map<std::uint32_t, std::unique_ptr<Table>> tables_;
  std::vector<std::unique_ptr<Table>> spare_;
  std::uint32_t next_table_ = 1;
  std::vector<std::uint64_t> dying_; ///< addresses whose object or table goes at commit
  std::vector<std::uint32_t> made_;  ///< tables made since begin
  bool recording_ = false;
  std::vector<Undo> undo_;
};

} // namespace rmmcheck::model
