#include "jsonl_canonical.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "number_text.hpp"
#include "reset.hpp"

namespace rmmcheck::traces {
namespace {

constexpr std::uint64_t bytes_of(std::uint8_t byte) { return std::uint64_t{0x0101010101010101} * byte; }

/// Eight characters, the first one in the lowest byte.
std::uint64_t load8(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
  return word;
}

/// How many characters stand before the first quote in `word`; 8 when there is none.
unsigned before_quote(std::uint64_t word) {
  // Quotes become zero bytes. Of the bytes marked by their bit 7, the lowest one is a zero byte.
  const std::uint64_t zero = word ^ bytes_of('"');
  const std::uint64_t mark = (zero - bytes_of(1)) & ~zero & bytes_of(0x80);
  return static_cast<unsigned>(std::countr_zero(mark)) / 8;
}

/// The value of the first `count` (1 to 8) characters of `word`, lower-case hexadecimal digits, all at once.
bool hex_word(std::uint64_t word, unsigned count, std::uint64_t& value) {
  if (count < 8) word = word << (64 - 8 * count) | bytes_of('0') >> (8 * count); // zeros in front
  // Bit 7 of each byte of (word + bytes_of(0x80 - c)) tells whether that character is >= c, if none is above 0x7F.
  const auto at_least = [word](int c) { return word + bytes_of(static_cast<std::uint8_t>(0x80 - c)); };
  const std::uint64_t good = (at_least('0') & ~at_least('9' + 1)) | (at_least('a') & ~at_least('f' + 1));
  if ((good & ~word & bytes_of(0x80)) != bytes_of(0x80)) return false;
  const std::uint64_t letters = word >> 6 & bytes_of(1);
  std::uint64_t digits = (word & bytes_of(0x0F)) + letters * 9; // one a byte, the most significant one lowest
  digits = (digits << 4 | digits >> 8) & 0x00FF00FF00FF00FF;
  digits = (digits << 8 | digits >> 16) & 0x0000FFFF0000FFFF;
  value = (digits << 16 | digits >> 32) & 0x00000000FFFFFFFF;
  return true;
}

/// Walks along a line. Each function answers false, and has then no meaning, when something else stands there.
class Cursor {
public:
  explicit Cursor(const char* at) : at_(at) {}

  [[nodiscard]] const char* at() const { return at_; }

  template <std::size_t size>
  bool literal(const char (&text)[size]) {
    static_assert(size <= 64, "the padding behind the line allows no more");
    if (std::memcmp(at_, text, size - 1) != 0) return false;
    at_ += size - 1;
    return true;
  }

  bool decimal(std::uint64_t& value) {
    const char* begin = at_;
    std::uint64_t result = 0;
    while (*at_ >= '0' && *at_ <= '9') result = result * 10 + static_cast<std::uint64_t>(*at_++ - '0');
    value = result;
    const auto count = at_ - begin;
    return count == 1 || (count > 1 && count < 20 && *begin != '0'); // 19 digits always fit; 01 is no JSON
  }

  /// "0x..." with the quotes.
  bool hex(std::uint64_t& value) {
    if (!literal("\"0x")) return false;
    std::uint64_t word = load8(at_);
    if ((word & 0xFFFF) == ('"' << 8 | '0')) { // most registers are zero
      value = 0;
      at_ += 2;
      return true;
    }
    unsigned count = before_quote(word);
    if (count == 0 || !hex_word(word, count, value)) return false;
    at_ += count;
    if (count == 8 && *at_ != '"') {
      std::uint64_t low = 0;
      word = load8(at_);
      count = before_quote(word);
      if (!hex_word(word, count, low)) return false;
      value = value << (4 * count) | low;
      at_ += count;
    }
    return literal("\"");
  }

  /// A name up to its closing quote.
  bool name(std::string_view& text) {
    constexpr std::size_t longest = 40;
    const char* begin = at_;
    unsigned count = 0;
    do {
      count = before_quote(load8(at_));
      at_ += count;
    } while (count == 8 && at_ - begin < static_cast<std::ptrdiff_t>(longest));
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    return count < 8;
  }

private:
  const char* at_;
};

/// The mask that says that every register is known.
template <std::size_t count>
constexpr std::uint8_t all_of(const std::array<std::uint64_t, count>&) {
  return (1U << count) - 1;
}

bool read_phase(Cursor& line, Call& call) {
  if (line.literal("complete\""))
    call.phase = Phase::complete;
  else if (line.literal("pending\""))
    call.phase = Phase::pending;
  else if (line.literal("return\""))
    call.phase = Phase::returned;
  else
    return false;
  return true;
}

} // namespace

bool read_canonical(std::string_view text, Call& call) {
  reset(call);
  Cursor line(text.data());
  std::uint64_t cpu = 0, fid = 0;
  if (!line.literal("{\"seq\":") || !line.decimal(call.seq) || !line.literal(",\"cpu\":") || !line.decimal(cpu))
    return false;
  if (cpu > UINT32_MAX) return false;
  call.cpu = static_cast<std::uint32_t>(cpu);

  if (line.literal(",\"t")) {
    call.timed = true;
    if (line.literal("0\":")) {
      if (!line.decimal(call.t0) || !line.literal(",\"t1\":") || !line.decimal(call.t1) || call.t0 > call.t1)
        return false;
    } else {
      if (!line.literal("\":") || !line.decimal(call.t0)) return false;
      call.t1 = call.t0;
    }
  }

  std::string_view name;
  if (!line.literal(",\"call\":\"") || !line.name(name) || !line.literal("\",\"fid\":") || !line.hex(fid)) return false;
  if (fid > UINT32_MAX) return false;
  call.fid = static_cast<std::uint32_t>(fid);
  if (name.empty() || name != command_name(call.fid)) return false;

  const bool realm = line.literal(",\"rec\":");
  if (realm == name.starts_with("RMI_")) return false;
  if (realm) {
    if (!line.hex(call.rec) || !line.literal(",\"rd\":") || !line.hex(call.rd) || !line.literal(",\"parent\":") ||
        !line.decimal(call.parent) || !line.literal(",\"phase\":\"") || !read_phase(line, call))
      return false;
    if (line.literal(",\"issued\":") && !line.decimal(call.issued)) return false;
  }

  if (!line.literal(",\"in\":[")) return false;
  for (std::size_t i = 0; i < call.in.size(); ++i)
    if ((i > 0 && !line.literal(",")) || !line.hex(call.in[i])) return false;
  call.in_known = all_of(call.in);

  if (line.literal("],\"out\":[")) {
    for (std::size_t i = 0; i < call.out.size(); ++i)
      if ((i > 0 && !line.literal(",")) || !line.hex(call.out[i])) return false;
    call.out_known = all_of(call.out);
    if (!line.literal("]}")) return false;
  } else if (!line.literal("],\"out\":null}")) {
    return false;
  }
  return line.at() == text.data() + text.size();
}

} // namespace rmmcheck::traces
