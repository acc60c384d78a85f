#include "jsonl_header.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <string_view>

#include "jsonl_value.hpp"

namespace rmmcheck::traces {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::string_view expected_format = "rmi-trace";
constexpr std::uint64_t granule_size = 4096;

/// Reads one header object. Every function answers false after the first problem.
class HeaderFields {
public:
  HeaderFields(object fields, std::string& problem) : fields_(fields), problem_(problem) {}

  bool text(std::string_view key, std::string& value) {
    element found;
    if (!find(fields_, key, found)) return true;
    std::string_view view;
    if (text_in(found, view) == Found::bad) return fail(key, found, "is no string");
    value = view;
    return true;
  }

  /// A missing number, or null, leaves `value` and `known` as they are.
  bool number(object from, std::string_view key, std::uint64_t& value, bool& known) {
    element found;
    if (!find(from, key, found)) return true;
    switch (number_in(found, value)) {
    case Found::value: known = true; return true;
    case Found::nothing: return true;
    case Found::bad: break;
    }
    return fail(key, found, "is no number of 64 bits");
  }
  bool number(std::string_view key, std::uint64_t& value, bool& known) { return number(fields_, key, value, known); }

  bool version(Header& header) {
    element found;
    if (!find(fields_, "rmi_version", found) || found.is_null()) return true;
    object range;
    if (found.get(range) != simdjson::SUCCESS) return fail("rmi_version", found, "is no {\"lower\":.., \"higher\":..}");
    bool lower = false, higher = false;
    if (!number(range, "lower", header.rmi_version_lower, lower)) return false;
    if (!number(range, "higher", header.rmi_version_higher, higher)) return false;
    header.rmi_version_known = lower && higher;
    return true;
  }

  bool delegable(Header& header) {
    element found;
    if (!find(fields_, "delegable", found) || found.is_null()) return true;
    array ranges;
    if (found.get(ranges) != simdjson::SUCCESS)
      return fail("delegable", found, "is no list of {\"base\":.., \"count\":..}");
    for (const element each : ranges) {
      DelegableRange range;
      object fields;
      bool base = false, count = false;
      if (each.get(fields) != simdjson::SUCCESS || !number(fields, "base", range.base, base) ||
          !number(fields, "count", range.count, count) || !base || !count)
        return fail("delegable", each, "is no {\"base\":.., \"count\":..}");
      if (range.base % granule_size != 0) return fail("delegable", each, "does not start at a Granule (4096 bytes)");
      if (range.count > (UINT64_MAX - range.base) / granule_size)
        return fail("delegable", each, "passes the end of memory");
      header.delegable.push_back(range);
    }
    header.delegable_known = true;
    return true;
  }

  bool check_format() {
    element found;
    std::string_view format;
    if (!find(fields_, "format", found) || text_in(found, format) != Found::value) {
      problem_ = fmt::format("the header has no \"format\": it must be \"{}\"", expected_format);
      return false;
    }
    if (format == expected_format) return true;
    problem_ = fmt::format("the header's \"format\" is {}; only \"{}\" can be read", quoted(found), expected_format);
    return false;
  }

  bool check_granule_size() {
    std::uint64_t size = granule_size;
    bool known = false;
    if (!number("granule_size", size, known)) return false;
    if (size == granule_size) return true;
    problem_ = fmt::format("the header's \"granule_size\" is {}; Granules have {} bytes (A2.2)", size, granule_size);
    return false;
  }

private:
  static bool find(object from, std::string_view key, element& found) {
    return from.at_key(key).get(found) == simdjson::SUCCESS;
  }
  bool fail(std::string_view key, element value, std::string_view what) {
    problem_ = fmt::format("in the header, \"{}\": {} {}", key, quoted(value), what);
    return false;
  }

  object fields_;
  std::string& problem_;
};

} // namespace

bool is_header(object fields) {
  std::string_view type;
  return fields.at_key("type").get(type) == simdjson::SUCCESS && type == "header";
}

bool read_header(object object, Header& header, std::string& problem) {
  header = Header{};
  header.present = true;
  HeaderFields fields(object, problem);
  bool ignored = false;
  return fields.check_format() && fields.text("implementation", header.implementation) &&
         fields.text("tag", header.tag) && fields.text("mode", header.mode) &&
         fields.number("seed", header.seed, ignored) && fields.check_granule_size() && fields.delegable(header) &&
         fields.version(header) &&
         fields.number("feature_register_0", header.feature_register_0, header.feature_register_0_known) &&
         fields.number("rec_aux_count", header.rec_aux_count, header.rec_aux_count_known) &&
         fields.number("cpus", header.cpus, ignored);
}

} // namespace rmmcheck::traces
