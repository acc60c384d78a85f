#include "jsonl_record.hpp"

#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

#include "jsonl_value.hpp"
#include "params.hpp"
#include "reset.hpp"

namespace rmmcheck::traces {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

/// The keys of a record, and their names.
enum class Key : std::uint8_t {
  seq,
  cpu,
  t,
  t0,
  t1,
  call,
  fid,
  rec,
  rd,
  parent,
  phase,
  issued,
  in,
  out,
  params,
  crash,
  type,
  note
};
constexpr std::array<std::string_view, 18> key_names = {
    "seq",    "cpu",   "t",      "t0", "t1",  "call",   "fid",   "rec",  "rd",
    "parent", "phase", "issued", "in", "out", "params", "crash", "type", "note",
};

constexpr std::size_t index_of(Key key) { return static_cast<std::size_t>(key); }
constexpr std::string_view name_of(Key key) { return key_names[index_of(key)]; }
static_assert(name_of(Key::seq) == "seq" && name_of(Key::note) == "note" &&
              index_of(Key::note) + 1 == key_names.size());

/// Calls of a Realm: RSI and PSCI. They have a phase, the Host's RMI calls have none.
bool is_realm_call(std::uint32_t fid) { return !command_name(fid).starts_with("RMI_"); }

/// The index of the name that `matches`, or names.size(). The search begins behind `last`, the one found before:
/// recorders keep to our order, so the first names looked at are nearly always the ones.
template <class Matches>
std::size_t find_behind(std::size_t last, std::span<const std::string_view> names, Matches matches) {
  for (std::size_t tried = 0, index = last; tried < names.size(); ++tried) {
    index = index + 1 < names.size() ? index + 1 : 0;
    if (matches(names[index])) return index;
  }
  return names.size();
}

/// One record: first its values are collected by key, then taken in an order that suits us. So the order in the line
/// does not matter.
class Record {
public:
  Record(Call& call, std::string& problem) : call_(call), problem_(problem) {}

  RecordKind read(object fields) {
    if (!collect(fields)) return RecordKind::bad;
    const RecordKind kind = classify();
    if (kind != RecordKind::call) return kind;
    reset(call_);
    const bool good = read_name() && registers(Key::in, call_.in, call_.in_known) &&
                      registers(Key::out, call_.out, call_.out_known) && read_phase() && read_small_fields() &&
                      read_times() && read_params();
    return good ? RecordKind::call : RecordKind::bad;
  }

private:
  bool fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  [[nodiscard]] bool has(Key key) const { return (has_ >> index_of(key) & 1U) != 0; }
  [[nodiscard]] element at(Key key) const { return values_[index_of(key)]; }

  bool collect(object fields) {
    std::uint32_t seen = 0;
    std::size_t last = key_names.size() - 1;
    for (const auto field : fields) {
      const std::size_t index = find_behind(last, key_names, [&](std::string_view name) { return name == field.key; });
      if (index == key_names.size()) continue; // not ours
      last = index;
      const std::uint32_t bit = 1U << index;
      if ((seen & bit) != 0) return fail(fmt::format("the record has \"{}\" twice", field.key));
      seen |= bit;
      if (field.value.is_null()) continue; // not recorded
      has_ |= bit;
      values_[index] = field.value;
    }
    return true;
  }

  RecordKind classify() {
    if (!has(Key::type)) {
      if (has(Key::call)) return RecordKind::call;
      if (has(Key::note)) return RecordKind::note;
      fail(has(Key::seq) ? "the record has no \"call\": it must name the command"
                         : "the record has no \"seq\" and no \"call\"");
      return RecordKind::bad;
    }
    std::string_view type;
    if (text_in(at(Key::type), type) == Found::value) {
      if (type == "call") return RecordKind::call;
      if (type == "note") return RecordKind::note;
      if (type == "header") return RecordKind::header;
    }
    fail(
        fmt::format("the record's \"type\" is {}; known are \"header\", \"call\" and \"note\"", quoted(at(Key::type))));
    return RecordKind::bad;
  }

  /// Leaves `value` as it is when the field is missing.
  bool number(Key key, std::uint64_t& value) {
    if (!has(key) || number_in(at(key), value) != Found::bad) return true;
    return fail(
        fmt::format("\"{}\" is {}: it must be a number of 64 bits, 123 or \"0x7b\"", name_of(key), quoted(at(key))));
  }
  bool number32(Key key, std::uint32_t& value) {
    std::uint64_t wide = value;
    if (!number(key, wide)) return false;
    if (wide > UINT32_MAX) return fail(fmt::format("\"{}\" is {}: it must fit 32 bits", name_of(key), quoted(at(key))));
    value = static_cast<std::uint32_t>(wide);
    return true;
  }

  /// `seq`, `call` and `fid`.
  bool read_name() {
    if (!has(Key::seq)) return fail("the record has no \"seq\"");
    if (!number(Key::seq, call_.seq)) return false;
    if (!has(Key::call)) return fail("the record has no \"call\": it must name the command");
    std::string_view name;
    if (text_in(at(Key::call), name) != Found::value)
      return fail(fmt::format("\"call\" is {}: it must be a name such as \"RMI_RTT_CREATE\"", quoted(at(Key::call))));
    if (!has(Key::fid)) {
      call_.fid = command_fid(name);
      return call_.fid != 0 || fail(fmt::format("unknown call {}", quoted(at(Key::call))));
    }
    if (!number32(Key::fid, call_.fid)) return false;
    const std::string_view known_name = command_name(call_.fid);
    if (known_name == name && !name.empty()) return true;
    if (!known_name.empty())
      return fail(fmt::format("the function identifier {:#x} is {}, but \"call\" is {}", call_.fid, known_name,
                              quoted(at(Key::call))));
    if (const std::uint32_t known_fid = command_fid(name); known_fid != 0)
      return fail(fmt::format("\"call\" is {}, whose function identifier is {:#x}, but \"fid\" is {:#x}", name,
                              known_fid, call_.fid));
    return fail(fmt::format("unknown function identifier {:#x} ({})", call_.fid, quoted(at(Key::call))));
  }

  bool registers(Key key, std::span<std::uint64_t> values, std::uint8_t& known) {
    if (!has(key)) return true;
    const std::string_view name = name_of(key);
    array list;
    if (at(key).get(list) != simdjson::SUCCESS)
      return fail(fmt::format("\"{}\" is {}: it must be a list of registers, or null", name, quoted(at(key))));
    std::size_t index = 0;
    for (const element each : list) {
      if (index == values.size()) return fail(fmt::format("\"{}\" has more than {} registers", name, values.size()));
      switch (number_in(each, values[index])) {
      case Found::value: known = static_cast<std::uint8_t>(known | 1U << index); break;
      case Found::nothing: break;
      case Found::bad:
        return fail(fmt::format("\"{}\" has {} as its register {}: it must be \"0x\" and up to 16 hexadecimal digits, "
                                "or null",
                                name, quoted(each), index));
      }
      ++index;
    }
    return true;
  }

  bool read_phase() {
    const bool realm = is_realm_call(call_.fid);
    // A Realm's call without a phase: its outputs tell whether it returned.
    call_.phase = !realm ? Phase::host : call_.out_known != 0 ? Phase::complete : Phase::pending;
    if (!has(Key::phase)) return true;
    std::string_view word;
    if (text_in(at(Key::phase), word) != Found::value) word = {};
    Phase phase = Phase::host;
    if (word == "complete")
      phase = Phase::complete;
    else if (word == "pending")
      phase = Phase::pending;
    else if (word == "return")
      phase = Phase::returned;
    else
      return fail(
          fmt::format("\"phase\" is {}; known are \"complete\", \"pending\" and \"return\"", quoted(at(Key::phase))));
    if (!realm) return fail(fmt::format("an RMI call has no \"phase\", but this one has {}", quoted(at(Key::phase))));
    call_.phase = phase;
    return true;
  }

  bool read_small_fields() {
    if (has(Key::crash)) {
      bool flag = true; // "crash":true, or a text that says how
      call_.crashed = at(Key::crash).get(flag) != simdjson::SUCCESS || flag;
    }
    return number32(Key::cpu, call_.cpu) && number(Key::rec, call_.rec) && number(Key::rd, call_.rd) &&
           number(Key::parent, call_.parent) && number(Key::issued, call_.issued);
  }

  bool read_times() {
    if (has(Key::t0) != has(Key::t1)) return fail("the record has only one of \"t0\" and \"t1\"");
    if (has(Key::t0)) {
      call_.timed = true;
      if (!number(Key::t0, call_.t0) || !number(Key::t1, call_.t1)) return false;
      return call_.t0 <= call_.t1 ||
             fail(fmt::format("the call ends before it starts: t0 is {}, t1 is {}", call_.t0, call_.t1));
    }
    if (has(Key::t)) {
      call_.timed = true;
      if (!number(Key::t, call_.t0)) return false;
      call_.t1 = call_.t0;
    }
    return true;
  }

  bool read_params() {
    if (!has(Key::params)) return true;
    const ParamsKind kind = params_kind(call_.fid);
    if (kind == ParamsKind::none) return true; // as a key that is not known
    call_.params.kind = kind;
    object fields;
    if (at(Key::params).get(fields) != simdjson::SUCCESS)
      return fail(fmt::format("\"params\" is {}: it must be an object, or null", quoted(at(Key::params))));
    return param_object(fields, "");
  }

  /// The fields of `params`, or of an object in it whose fields have `prefix` before their names.
  bool param_object(object fields, std::string_view prefix) {
    const std::span<const std::string_view> names = param_names(call_.params.kind);
    std::size_t last = names.size() - 1;
    for (const auto field : fields) {
      if (field.value.is_null()) continue;
      if (call_.params.kind == ParamsKind::run && prefix.empty()) {
        object half;
        const bool enter = field.key == "enter";
        if (!enter && field.key != "exit") continue;
        if (field.value.get(half) != simdjson::SUCCESS)
          return fail(
              fmt::format("\"params.{}\" is {}: it must be an object, or null", field.key, quoted(field.value)));
        if (!param_object(half, enter ? "enter." : "exit.")) return false;
        continue;
      }
      if (call_.params.kind == ParamsKind::rec && field.key == "aux") {
        if (!param_aux(field.value)) return false;
        continue;
      }
      const std::size_t index = find_behind(last, names, [&](std::string_view name) {
        return name.size() == prefix.size() + field.key.size() && name.starts_with(prefix) && name.ends_with(field.key);
      });
      if (index == names.size()) continue; // not ours
      if (!param(index, field.value)) return false;
      last = index;
    }
    return true;
  }

  bool param_aux(element value) {
    array list;
    if (value.get(list) != simdjson::SUCCESS)
      return fail(fmt::format("\"params.aux\" is {}: it must be a list, or null", quoted(value)));
    std::size_t index = 0;
    for (const element each : list) {
      if (index == rec_aux_max) return fail(fmt::format("\"params.aux\" has more than {} entries", rec_aux_max));
      if (!param(rec_aux_first + index, each)) return false;
      ++index;
    }
    return true;
  }

  bool param(std::size_t index, element value) {
    const bool negative = param_styles(call_.params.kind)[index] == NumberStyle::signed_decimal;
    if ((call_.params.known >> index & 1U) != 0)
      return fail(fmt::format("the record has \"params.{}\" twice", param_names(call_.params.kind)[index]));
    switch (number_in(value, call_.params.value[index], negative)) {
    case Found::value: call_.params.known |= 1U << index; return true;
    case Found::nothing: return true;
    case Found::bad: break;
    }
    return fail(fmt::format("\"params.{}\" is {}: it must be a number of 64 bits, or null",
                            param_names(call_.params.kind)[index], quoted(value)));
  }

  Call& call_;
  std::string& problem_;
  std::uint32_t has_ = 0; // bit k: values_[k] is set
  std::array<element, key_names.size()> values_;
};

} // namespace

RecordKind read_record(object fields, Call& call, std::string& problem) { return Record(call, problem).read(fields); }

} // namespace rmmcheck::traces
