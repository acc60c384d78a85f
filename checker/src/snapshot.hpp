// The state at one moment, to be compared with a later one. Only for explanations: it copies every live cell (14 bytes
// a table entry, 8 a Granule), where the checker itself keeps no history at all.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "rmmcheck/checker/checker.hpp"
#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/model/state.hpp"

namespace rmmcheck::checker {

class Snapshot {
public:
  using SeqOf = std::function<std::uint64_t(model::CallNumber)>;

  /// `granules`: addresses to look at where the trace does not say which memory is delegable.
  Snapshot(const model::Spec& spec, model::State& state, const std::vector<std::uint64_t>& granules);

  /// Cells whose value is no longer what it was. Neighbouring entries of a table that changed alike are one line.
  [[nodiscard]] std::vector<Explanation::Cell> changes(const SeqOf& seq_of) const;

private:
  struct Granule {
    model::Status state_known, gpt_known;
    std::uint8_t state, gpt;
    model::CallNumber writer;
    bool operator==(const Granule& o) const {
      return state_known == o.state_known && gpt_known == o.gpt_known && state == o.state && gpt == o.gpt;
    }
  };
  struct Slot {
    model::Status status;
    std::uint64_t value;
    model::CallNumber writer;
  };
  using Objects = std::map<std::pair<std::uint8_t, std::uint64_t>, std::vector<Slot>>; // by kind and address
  using Tables = std::map<std::uint32_t, model::Table>;

  [[nodiscard]] Granule granule(std::uint64_t addr) const;
  template <class F>
  void each_granule(F f) const;
  [[nodiscard]] Objects objects() const;
  [[nodiscard]] Tables tables() const;
  [[nodiscard]] std::string text(const std::string& type, model::Status status, std::uint64_t value) const;

  void granule_changes(std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const;
  void object_changes(std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const;
  void table_changes(std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const;
  void entry_changes(const std::string& name, const model::Table* before, const model::Table& after,
                     model::EntryField field, std::vector<Explanation::Cell>& out, const SeqOf& seq_of) const;

  const model::Spec& spec_;
  model::State& state_;
  std::vector<std::uint64_t> extra_;
  std::uint16_t state_slot_, gpt_slot_;
  std::vector<Granule> granules_; // in the order of each_granule
  Objects objects_;
  Tables tables_;
};

} // namespace rmmcheck::checker
