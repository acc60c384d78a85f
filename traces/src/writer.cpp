#include "rmmcheck/traces/writer.hpp"

#include <fmt/format.h>

#include <bit>
#include <iterator>
#include <span>

#include "params.hpp"

namespace rmmcheck::traces {
namespace {

template <class... Args>
void append(std::string& out, fmt::format_string<Args...> format, Args&&... args) {
  fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append(out, "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_number(std::string& out, std::uint64_t value, NumberStyle style) {
  switch (style) {
  case NumberStyle::hex: append(out, "\"{:#x}\"", value); break;
  case NumberStyle::decimal: append(out, "{}", value); break;
  case NumberStyle::signed_decimal: append(out, "{}", static_cast<std::int64_t>(value)); break;
  }
}

/// A list up to the last known register, with null for the unknown ones before it; null when none is known.
void append_registers(std::string& out, const char* key, std::span<const std::uint64_t> values, std::uint8_t known) {
  append(out, ",\"{}\":", key);
  if (known == 0) {
    out += "null";
    return;
  }
  const auto count = static_cast<std::size_t>(std::bit_width(known));
  for (std::size_t i = 0; i < count; ++i) {
    out += i == 0 ? '[' : ',';
    if ((known >> i & 1U) != 0)
      append_number(out, values[i], NumberStyle::hex);
    else
      out += "null";
  }
  out += ']';
}

/// Fields [first, last) of the structure, as members of the object that `out` is in; separated, and none if unknown.
void append_fields(std::string& out, const Params& params, std::size_t first, std::size_t last, std::size_t prefix) {
  const char* separator = "";
  for (std::size_t i = first; i < last; ++i) {
    if ((params.known >> i & 1U) == 0) continue;
    append(out, "{}\"{}\":", separator, param_names(params.kind)[i].substr(prefix));
    append_number(out, params.value[i], param_styles(params.kind)[i]);
    separator = ",";
  }
}

void append_rec(std::string& out, const Params& params) {
  append_fields(out, params, 0, rec_aux_first, 0);
  const std::uint32_t aux = params.known >> rec_aux_first;
  if (aux == 0) return;
  if (out.back() != '{') out += ',';
  out += "\"aux\":";
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::bit_width(aux)); ++i) {
    out += i == 0 ? '[' : ',';
    if ((aux >> i & 1U) != 0)
      append_number(out, params.value[rec_aux_first + i], NumberStyle::hex);
    else
      out += "null";
  }
  out += ']';
}

void append_run(std::string& out, const Params& params) {
  const std::size_t last = param_names(params.kind).size();
  const std::uint32_t exit_bits = params.known >> run_exit_first;
  const std::uint32_t enter_bits = params.known & ((1U << run_exit_first) - 1);
  if (enter_bits != 0) {
    out += "\"enter\":{";
    append_fields(out, params, 0, run_exit_first, std::string_view("enter.").size());
    out += '}';
  }
  if (exit_bits != 0) {
    out += enter_bits != 0 ? ",\"exit\":{" : "\"exit\":{";
    append_fields(out, params, run_exit_first, last, std::string_view("exit.").size());
    out += '}';
  }
}

void append_params(std::string& out, const Params& params) {
  if (params.kind == ParamsKind::none) return;
  out += ",\"params\":{";
  switch (params.kind) {
  case ParamsKind::realm: append_fields(out, params, 0, param_names(params.kind).size(), 0); break;
  case ParamsKind::rec: append_rec(out, params); break;
  case ParamsKind::run: append_run(out, params); break;
  case ParamsKind::none: break;
  }
  out += '}';
}

const char* phase_word(Phase phase) {
  switch (phase) {
  case Phase::complete: return "complete";
  case Phase::pending: return "pending";
  case Phase::returned: return "return";
  case Phase::host: break;
  }
  return "";
}

} // namespace

void append_jsonl(std::string& out, const Header& header) {
  out += R"({"type":"header","format":"rmi-trace")";
  const auto text = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    append(out, ",\"{}\":", key);
    append_text(out, value);
  };
  text("implementation", header.implementation);
  text("tag", header.tag);
  text("mode", header.mode);
  append(out, R"(,"seed":{},"granule_size":4096)", header.seed);
  if (header.delegable_known) {
    out += ",\"delegable\":[";
    for (std::size_t i = 0; i < header.delegable.size(); ++i)
      append(out, R"({}{{"base":"{:#x}","count":{}}})", i == 0 ? "" : ",", header.delegable[i].base,
             header.delegable[i].count);
    out += ']';
  }
  if (header.rmi_version_known)
    append(out, R"(,"rmi_version":{{"lower":"{:#x}","higher":"{:#x}"}})", header.rmi_version_lower,
           header.rmi_version_higher);
  if (header.feature_register_0_known) append(out, R"(,"feature_register_0":"{:#x}")", header.feature_register_0);
  if (header.rec_aux_count_known) append(out, R"(,"rec_aux_count":{})", header.rec_aux_count);
  append(out, ",\"cpus\":{}}}\n", header.cpus);
}

void append_jsonl(std::string& out, const Call& call) {
  const bool realm = call.phase != Phase::host;
  append(out, R"({{"seq":{},"cpu":{})", call.seq, call.cpu);
  // A Realm's call is a moment on its CPU, recorded as one time.
  if (call.timed && realm && call.t0 == call.t1)
    append(out, ",\"t\":{}", call.t0);
  else if (call.timed)
    append(out, R"(,"t0":{},"t1":{})", call.t0, call.t1);
  append(out, R"(,"call":"{}","fid":"{:#x}")", command_name(call.fid), call.fid);
  if (call.rec != 0) append(out, R"(,"rec":"{:#x}")", call.rec);
  if (call.rd != 0) append(out, R"(,"rd":"{:#x}")", call.rd);
  if (call.parent != 0) append(out, ",\"parent\":{}", call.parent);
  if (realm) append(out, ",\"phase\":\"{}\"", phase_word(call.phase));
  if (call.issued != 0) append(out, ",\"issued\":{}", call.issued);
  append_registers(out, "in", call.in, call.in_known);
  append_registers(out, "out", call.out, call.out_known);
  append_params(out, call.params);
  if (call.crashed) out += ",\"crash\":true";
  out += "}\n";
}

} // namespace rmmcheck::traces
