// The JSONL format: a header line, then a record a line. FORMAT.md describes it.
#include <fmt/format.h>

#include <utility>

#include "jsonl_canonical.hpp"
#include "jsonl_header.hpp"
#include "jsonl_record.hpp"
#include "jsonl_value.hpp"
#include "readers.hpp"
#include "seq_order.hpp"

namespace rmmcheck::traces {
namespace {

class JsonlReader final : public Reader {
public:
  JsonlReader(LineReader lines, std::string path) : lines_(std::move(lines)), path_(std::move(path)) {}

  /// Reads up to the header; false: error() says why not.
  bool start() {
    for (;;) {
      switch (lines_.next()) {
      case LineReader::Step::error: return failed(lines_.error());
      case LineReader::Step::end: return fail("the trace is empty", 0);
      case LineReader::Step::line: break;
      }
      if (!is_blank(lines_.line())) break;
      ++skipped_;
    }
    simdjson::dom::object object;
    if (!json_.parse(lines_.line(), lines_.terminated(), object)) return fail(json_.problem());
    if (!is_header(object))
      return fail("the header is missing: the first line must be {\"type\":\"header\",\"format\":\"rmi-trace\",...}");
    std::string problem;
    return read_header(object, header_, problem) || fail(std::move(problem));
  }

  [[nodiscard]] const Header& header() const override { return header_; }
  [[nodiscard]] const Error& error() const override { return error_; }
  [[nodiscard]] Format format() const override { return Format::jsonl; }
  [[nodiscard]] std::uint64_t skipped_lines() const override { return skipped_; }

  Next next(Call& call) override {
    if (failed_) return Next::error;
    for (;;) {
      switch (lines_.next()) {
      case LineReader::Step::error: failed(lines_.error()); return Next::error;
      case LineReader::Step::end: return Next::end;
      case LineReader::Step::line: break;
      }
      // A line without its newline may be cut: the general reader can tell.
      const bool canonical = lines_.terminated() && read_canonical(lines_.line(), call);
      switch (canonical ? RecordKind::call : read_line(call)) {
      case RecordKind::call: break;
      case RecordKind::note: ++skipped_; continue;
      case RecordKind::header:
        fail("there is a second header: a file holds one trace, so split it here");
        return Next::error;
      case RecordKind::bad: return Next::error;
      }
      call.line = lines_.number();
      return check_order(call) ? Next::call : Next::error;
    }
  }

private:
  static bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

  /// Any line at all. A blank one is like a note; after `bad`, error() says what is wrong.
  RecordKind read_line(Call& call) {
    if (is_blank(lines_.line())) return RecordKind::note;
    simdjson::dom::object object;
    if (!json_.parse(lines_.line(), lines_.terminated(), object)) {
      fail(json_.problem());
      return RecordKind::bad;
    }
    std::string problem;
    const RecordKind kind = read_record(object, call, problem);
    if (kind == RecordKind::bad) fail(std::move(problem));
    return kind;
  }

  bool check_order(const Call& call) {
    switch (order_.add(call)) {
    case SeqOrder::Answer::good: return true;
    case SeqOrder::Answer::zero: return fail("\"seq\" is 0: the first record has 1 or more");
    case SeqOrder::Answer::twice: return fail(fmt::format("\"seq\" {} is used twice", call.seq));
    case SeqOrder::Answer::late:
      return fail(fmt::format("\"seq\" {} comes after {}: records stand in the order in which the calls started",
                              call.seq, order_.bound()));
    case SeqOrder::Answer::too_far: break;
    }
    return fail(fmt::format("more than {} records of Realms are numbered ahead of the Host's", SeqOrder::max_runs));
  }

  bool fail(std::string problem, std::uint64_t line) { return failed({{}, line, 0, std::move(problem)}); }
  bool fail(std::string problem) { return fail(std::move(problem), lines_.number()); }
  bool failed(Error error) {
    error_ = std::move(error);
    error_.file = path_;
    failed_ = true;
    return false;
  }

  LineReader lines_;
  std::string path_;
  JsonLine json_;
  Header header_;
  Error error_;
  SeqOrder order_;
  std::uint64_t skipped_ = 0;
  bool failed_ = false;
};

} // namespace

Result<std::unique_ptr<Reader>> open_jsonl(LineReader lines, std::string path) {
  auto reader = std::make_unique<JsonlReader>(std::move(lines), std::move(path));
  if (!reader->start()) return reader->error();
  return std::unique_ptr<Reader>(std::move(reader));
}

} // namespace rmmcheck::traces
