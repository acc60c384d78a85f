#include "text.hpp"

#include <locale>

#include <fmt/color.h>
#include <fmt/format.h>

namespace rmmcheck::checker {
namespace {

struct Thousands : std::numpunct<char> {
  char do_thousands_sep() const override { return ','; }
  std::string do_grouping() const override { return "\3"; }
};

fmt::text_style style(Colour c) {
  switch (c) {
  case Colour::red: return fmt::emphasis::bold | fmt::fg(fmt::terminal_color::red);
  case Colour::green: return fmt::emphasis::bold | fmt::fg(fmt::terminal_color::green);
  case Colour::yellow: return fmt::emphasis::bold | fmt::fg(fmt::terminal_color::yellow);
  case Colour::bold: return fmt::emphasis::bold;
  case Colour::dim: return fmt::emphasis::faint;
  case Colour::none: break;
  }
  return {};
}

} // namespace

std::string grouped(std::uint64_t n) {
  static const std::locale locale(std::locale::classic(), new Thousands); // NOLINT: the locale owns it
  return fmt::format(locale, "{:L}", n);
}

std::string counted(std::uint64_t n, std::string_view singular, std::string_view plural) {
  if (n == 1) return fmt::format("1 {}", singular);
  return plural.empty() ? fmt::format("{} {}s", grouped(n), singular) : fmt::format("{} {}", grouped(n), plural);
}

std::string call_text(std::uint64_t seq, std::uint64_t line) { return fmt::format("call {}, line {}", seq, line); }

std::string Text::paint(Colour colour, std::string_view text) const {
  if (!options_.colour || colour == Colour::none) return std::string(text);
  return fmt::format(style(colour), "{}", text);
}

void Text::line(std::string_view text) {
  for (const char c : text) out_ += c == no_break ? ' ' : c;
  out_ += '\n';
}

void Text::field(std::string_view label, std::size_t indent, std::string_view text, std::size_t invisible) {
  std::string now(label);
  if (now.size() < indent + invisible)
    now.resize(indent + invisible, ' ');
  else if (!now.empty() && now.back() != ' ')
    now += ' ';
  bool first = true; // of the words in this line
  while (!text.empty()) {
    const std::size_t start = text.find_first_not_of(' ');
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    if (!first && now.size() + 1 + word.size() > options_.width + invisible) {
      line(now);
      now.assign(indent, ' ');
      invisible = 0;
      first = true;
    }
    if (!first) now += ' ';
    now += word;
    first = false;
  }
  line(now);
}

} // namespace rmmcheck::checker
