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

enum class Key : std::uint8_t {
  type,
  note,
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
  unknown // last: also the number of keys
};
constexpr auto key_count = static_cast<std::size_t>(Key::unknown);

/// By length and first letter first: at most two comparisons a key, most often one.
Key key_of(std::string_view name) {
  const auto is = [&](std::string_view word, Key key) { return name == word ? key : Key::unknown; };
  switch (name.size()) {
  case 1: return is("t", Key::t);
  case 2:
    switch (name[0]) {
    case 'i': return is("in", Key::in);
    case 'r': return is("rd", Key::rd);
    case 't': return name[1] == '0' ? Key::t0 : is("t1", Key::t1);
    default: return Key::unknown;
    }
  case 3:
    switch (name[0]) {
    case 's': return is("seq", Key::seq);
    case 'c': return is("cpu", Key::cpu);
    case 'f': return is("fid", Key::fid);
    case 'o': return is("out", Key::out);
    case 'r': return is("rec", Key::rec);
    default: return Key::unknown;
    }
  case 4:
    switch (name[0]) {
    case 'c': return is("call", Key::call);
    case 't': return is("type", Key::type);
    case 'n': return is("note", Key::note);
    default: return Key::unknown;
    }
  case 5: return name[0] == 'p' ? is("phase", Key::phase) : is("crash", Key::crash);
  case 6:
    switch (name[1]) {
    case 'a': return name[2] == 'r' && name[3] == 'e' ? is("parent", Key::parent) : is("params", Key::params);
    case 's': return is("issued", Key::issued);
    default: return Key::unknown;
    }
  default: return Key::unknown;
  }
}

/// Calls of a Realm: RSI and PSCI. They have a phase, the Host's RMI calls have none.
bool is_realm_call(std::uint32_t fid) { return !command_name(fid).starts_with("RMI_"); }

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

  [[nodiscard]] bool has(Key key) const { return (has_ >> static_cast<unsigned>(key) & 1U) != 0; }
  [[nodiscard]] element at(Key key) const { return values_[static_cast<std::size_t>(key)]; }

  bool collect(object fields) {
    std::uint32_t seen = 0;
    for (const auto field : fields) {
      const Key key = key_of(field.key);
      if (key == Key::unknown) continue;
      const std::uint32_t bit = 1U << static_cast<unsigned>(key);
      if ((seen & bit) != 0) return fail(fmt::format("the record has \"{}\" twice", field.key));
      seen |= bit;
      if (field.value.is_null()) continue; // not recorded
      has_ |= bit;
      values_[static_cast<std::size_t>(key)] = field.value;
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
  bool number(Key key, const char* name, std::uint64_t& value) {
    if (!has(key) || number_in(at(key), value) != Found::bad) return true;
    return fail(fmt::format("\"{}\" is {}: it must be a number of 64 bits, 123 or \"0x7b\"", name, quoted(at(key))));
  }
  bool number32(Key key, const char* name, std::uint32_t& value) {
    std::uint64_t wide = value;
    if (!number(key, name, wide)) return false;
    if (wide > UINT32_MAX) return fail(fmt::format("\"{}\" is {}: it must fit 32 bits", name, quoted(at(key))));
    value = static_cast<std::uint32_t>(wide);
    return true;
  }

  /// `seq`, `call` and `fid`.
  bool read_name() {
    if (!has(Key::seq)) return fail("the record has no \"seq\"");
    if (!number(Key::seq, "seq", call_.seq)) return false;
    if (!has(Key::call)) return fail("the record has no \"call\": it must name the command");
    std::string_view name;
    if (text_in(at(Key::call), name) != Found::value)
      return fail(fmt::format("\"call\" is {}: it must be a name such as \"RMI_RTT_CREATE\"", quoted(at(Key::call))));
    if (!has(Key::fid)) {
      call_.fid = command_fid(name);
      return call_.fid != 0 || fail(fmt::format("unknown call {}", quoted(at(Key::call))));
    }
    if (!number32(Key::fid, "fid", call_.fid)) return false;
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
    const char* name = key == Key::in ? "in" : "out";
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
    return number32(Key::cpu, "cpu", call_.cpu) && number(Key::rec, "rec", call_.rec) &&
           number(Key::rd, "rd", call_.rd) && number(Key::parent, "parent", call_.parent) &&
           number(Key::issued, "issued", call_.issued);
  }

  bool read_times() {
    if (has(Key::t0) != has(Key::t1)) return fail("the record has only one of \"t0\" and \"t1\"");
    if (has(Key::t0)) {
      call_.timed = true;
      if (!number(Key::t0, "t0", call_.t0) || !number(Key::t1, "t1", call_.t1)) return false;
      return call_.t0 <= call_.t1 ||
             fail(fmt::format("the call ends before it starts: t0 is {}, t1 is {}", call_.t0, call_.t1));
    }
    if (has(Key::t)) {
      call_.timed = true;
      if (!number(Key::t, "t", call_.t0)) return false;
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
    std::size_t index = 0; // recorders keep to our order, so the first name looked at is nearly always the one
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
      const auto matches = [&](std::string_view name) {
        return name.size() == prefix.size() + field.key.size() && name.starts_with(prefix) && name.ends_with(field.key);
      };
      std::size_t tries = names.size();
      while (tries > 0 && !matches(names[index])) {
        --tries;
        index = (index + 1) % names.size();
      }
      if (tries > 0 && !param(index, field.value)) return false; // tries == 0: an unknown key
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
  std::array<element, key_count> values_;
};

} // namespace

RecordKind read_record(object fields, Call& call, std::string& problem) { return Record(call, problem).read(fields); }

} // namespace rmmcheck::traces
