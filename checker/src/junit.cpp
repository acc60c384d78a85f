#include "junit.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "rmmcheck/checker/print.hpp"

namespace rmmcheck::checker {
namespace {

// XML 1.0 has no way at all to write most control characters; paths may hold them, and bytes that are no UTF-8.
std::string xml_text(const std::string& text) {
  using nlohmann::json;
  const std::string valid =
      json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
  std::string out;
  for (const char c : valid) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
      out += "\xEF\xBF\xBD";
    else
      out += c;
  }
  return out;
}

void set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

class Suite {
public:
  Suite(pugi::xml_node parent, const Report& report, const TraceReport& trace)
      : node_(parent.append_child("testsuite")), spec_(report.spec), trace_(trace) {}

  void write() {
    set(node_, "name", trace_.path);
    for (const char* count : {"tests", "failures", "errors", "skipped"}) node_.append_attribute(count);
    for (const auto& entry : trace_.commands)
      if (!failed(entry.first)) test_case(entry.first, entry.first);
    for (const auto& [signature, count] : trace_.signatures) signature_case(signature, count);
    whole_trace();
    node_.attribute("tests").set_value(tests);
    node_.attribute("failures").set_value(failures);
    node_.attribute("errors").set_value(errors);
    node_.attribute("skipped").set_value(skipped);
  }

  unsigned tests = 0, failures = 0, errors = 0, skipped = 0;

private:
  [[nodiscard]] bool failed(const std::string& command) const {
    return std::any_of(trace_.signatures.begin(), trace_.signatures.end(),
                       [&](const auto& s) { return s.first.starts_with(command + "/"); });
  }

  pugi::xml_node test_case(const std::string& command, const std::string& name) {
    ++tests;
    pugi::xml_node c = node_.append_child("testcase");
    set(c, "classname", spec_ + "." + command);
    set(c, "name", name);
    return c;
  }

  void signature_case(const std::string& signature, std::uint64_t count) {
    pugi::xml_node c = test_case(signature.substr(0, signature.find('/')), signature);
    if (const auto w = trace_.waived.find(signature); w != trace_.waived.end()) {
      ++skipped;
      set(c.append_child("skipped"), "message", fmt::format("{} times, waived: {}", count, w->second));
      return;
    }
    ++failures;
    pugi::xml_node f = c.append_child("failure");
    const auto v = std::find_if(trace_.violations.begin(), trace_.violations.end(),
                                [&](const auto& x) { return x.signature == signature; });
    set(f, "type", signature);
    if (v == trace_.violations.end()) {
      set(f, "message", fmt::format("{} times", count));
      return;
    }
    set(f, "message",
        fmt::format("call {}, line {}: {}{}", v->seq, v->line, v->sentence,
                    count > 1 ? fmt::format(" ({} times)", count) : ""));
    f.append_child(pugi::node_pcdata).set_value(xml_text(violation_text(*v, {})).c_str());
  }

  // That the trace was read and decided to its end is a case of its own: a cut trace must not look green.
  void whole_trace() {
    pugi::xml_node c = test_case("trace", "checked to its end");
    if (trace_.verdict != Verdict::input_error && trace_.incomplete.empty()) return;
    ++errors;
    pugi::xml_node e = c.append_child("error");
    const bool input = trace_.verdict == Verdict::input_error;
    set(e, "type", verdict_name(input ? Verdict::input_error : Verdict::inconclusive));
    set(e, "message", input ? trace_.error : trace_.incomplete.front());
  }

  pugi::xml_node node_;
  const std::string& spec_;
  const TraceReport& trace_;
};

} // namespace

std::string junit_report(const Report& report) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  set(root, "name", "rmmcheck");
  for (const char* count : {"tests", "failures", "errors", "skipped"}) root.append_attribute(count);
  unsigned tests = 0, failures = 0, errors = 0, skipped = 0;
  for (const auto& t : report.traces) {
    Suite suite(root, report, t);
    suite.write();
    tests += suite.tests;
    failures += suite.failures;
    errors += suite.errors;
    skipped += suite.skipped;
  }
  root.attribute("tests").set_value(tests);
  root.attribute("failures").set_value(failures);
  root.attribute("errors").set_value(errors);
  root.attribute("skipped").set_value(skipped);
  std::ostringstream out;
  document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
  return out.str();
}

} // namespace rmmcheck::checker
