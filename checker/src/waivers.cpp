#include "waivers.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace rmmcheck::checker {
namespace {

constexpr std::array<std::string_view, 4> keys{"signature", "reason", "reference", "trace"};

Error at(const std::string& file, const toml::source_region& where, std::string message) {
  return {file, where.begin.line, where.begin.column, std::move(message)};
}

Result<Waiver> entry(const std::string& file, const toml::table& table) {
  Waiver w;
  w.line = table.source().begin.line;
  const std::array<std::string*, keys.size()> fields{&w.signature, &w.reason, &w.reference, &w.trace};
  for (const auto& [key, node] : table) {
    const auto it = std::find(keys.begin(), keys.end(), key.str());
    if (it == keys.end())
      return at(file, node.source(),
                fmt::format("a waiver has no key '{}': expected {}", key.str(), fmt::join(keys, ", ")));
    const auto text = node.value_exact<std::string>();
    if (!text) return at(file, node.source(), fmt::format("'{}' must be a string in quotes", key.str()));
    *fields[static_cast<std::size_t>(it - keys.begin())] = *text;
  }
  if (w.signature.find('/') == std::string::npos)
    return at(file, table.source(),
              "a waiver needs a signature as the report prints it, e.g. signature = \"RMI_RTT_DESTROY/ipa_align\"");
  if (w.reason.find_first_not_of(" \t\n") == std::string::npos)
    return at(file, table.source(),
              fmt::format("the waiver of {} needs a reason: say why this is not a failure", w.signature));
  return w;
}

} // namespace

bool Waiver::covers(const std::string& path) const {
  const std::string name = path.substr(path.rfind('/') + 1);
  return trace.empty() || fnmatch(trace.c_str(), path.c_str(), 0) == 0 || fnmatch(trace.c_str(), name.c_str(), 0) == 0;
}

Result<std::vector<Waiver>> parse_waivers(const std::string& file, const std::string& text) {
  toml::table table;
  try {
    table = toml::parse(text, file);
  } catch (const toml::parse_error& e) {
    return at(file, e.source(), fmt::format("{}; waivers are written as [[waiver]] entries in TOML", e.description()));
  }
  std::vector<Waiver> out;
  for (const auto& [key, node] : table) {
    const toml::array* list = node.as_array();
    if (key.str() != "waiver" || list == nullptr || !list->is_homogeneous(toml::node_type::table))
      return at(file, node.source(),
                fmt::format("'{}' is not expected here: a waiver file is a list of [[waiver]] entries", key.str()));
    for (const auto& element : *list) {
      auto w = entry(file, *element.as_table());
      if (!w) return w.error();
      out.push_back(std::move(w).value());
    }
  }
  return out;
}

Result<std::vector<Waiver>> load_waivers(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{file, 0, 0, "the waiver file cannot be read: check the path"};
  return parse_waivers(file, text);
}

void apply_waivers(std::vector<Waiver>& waivers, TraceReport& trace) {
  for (auto& w : waivers) {
    if (!trace.signatures.contains(w.signature) || !w.covers(trace.path)) continue;
    w.used = true;
    trace.waived.try_emplace(w.signature,
                             w.reference.empty() ? w.reason : fmt::format("{} ({})", w.reason, w.reference));
  }
  for (auto& v : trace.violations)
    if (const auto it = trace.waived.find(v.signature); it != trace.waived.end()) v.waived = it->second;
  if (trace.verdict == Verdict::violating && trace.waived.size() == trace.signatures.size())
    trace.verdict = trace.incomplete.empty() ? Verdict::conforming : Verdict::inconclusive;
}

} // namespace rmmcheck::checker
