// The console format: what TF-RMM prints, among whatever else the console shows.
#include <utility>

#include "console_line.hpp"
#include "readers.hpp"

namespace rmmcheck::traces {
namespace {

class ConsoleReader final : public Reader {
public:
  ConsoleReader(LineReader lines, std::string path) : lines_(std::move(lines)), path_(std::move(path)) {}

  [[nodiscard]] const Header& header() const override { return header_; }
  [[nodiscard]] const Error& error() const override { return error_; }
  [[nodiscard]] Format format() const override { return Format::console; }
  [[nodiscard]] std::uint64_t skipped_lines() const override { return lines_seen_ - calls_; }

  Next next(Call& call) override {
    for (;;) {
      switch (lines_.next()) {
      case LineReader::Step::error:
        error_ = lines_.error();
        error_.file = path_;
        return Next::error;
      case LineReader::Step::end: return Next::end;
      case LineReader::Step::line: break;
      }
      ++lines_seen_;
      switch (read_console_line(lines_.line(), call)) {
      case ConsoleLine::call:
        call.seq = ++calls_; // the console numbers nothing: the order of the lines is all there is
        call.line = lines_.number();
        return Next::call;
      case ConsoleLine::damaged: // skipped like any other text, for now: the number of lost calls is not known anyway
      case ConsoleLine::other: break;
      }
    }
  }

private:
  LineReader lines_;
  std::string path_;
  Header header_; // stays absent
  Error error_;
  std::uint64_t lines_seen_ = 0, calls_ = 0;
};

} // namespace

std::unique_ptr<Reader> open_console(LineReader lines, std::string path) {
  return std::make_unique<ConsoleReader>(std::move(lines), std::move(path));
}

} // namespace rmmcheck::traces
