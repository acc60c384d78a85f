#include "decompress.hpp"

#include <archive.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace rmmcheck::traces {
namespace {

struct Magic {
  Compression compression;
  std::string_view bytes;
};
constexpr std::array magics = {
    Magic{Compression::gzip, "\x1F\x8B"},
    Magic{Compression::zstd, "\x28\xB5\x2F\xFD"},
    Magic{Compression::xz, std::string_view("\xFD"
                                            "7zXZ\0",
                                            6)},
    Magic{Compression::bzip2, "BZh"},
};
constexpr std::size_t longest_magic = 6;

constexpr std::size_t input_chunk = std::size_t{64} << 10;

/// Gives back some bytes that were read to look at them, then goes on with the source they came from.
class Pushback final : public ByteSource {
public:
  Pushback(std::string_view bytes, std::unique_ptr<ByteSource> rest) : size_(bytes.size()), rest_(std::move(rest)) {
    std::memcpy(bytes_.data(), bytes.data(), bytes.size());
  }
  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (given_ == size_) return rest_->read(buffer, size);
    const std::size_t count = std::min(size, size_ - given_);
    std::memcpy(buffer, bytes_.data() + given_, count);
    given_ += count;
    return count;
  }

private:
  std::array<char, longest_magic> bytes_{};
  std::size_t size_ = 0, given_ = 0;
  std::unique_ptr<ByteSource> rest_;
};

/// gzip by zlib itself: libarchive (3.6) does not compare the checksum at a member's end, so a flipped bit in the file
/// would be a different trace, checked in good faith.
class GzipSource final : public ByteSource {
public:
  explicit GzipSource(std::unique_ptr<ByteSource> inner) : inner_(std::move(inner)), input_(input_chunk) {
    // 15 + 16: the largest window, gzip framing only. Fails only for want of memory.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (!ready_) return Error{{}, 0, 0, "gzip: out of memory"};
    const auto room = static_cast<uInt>(std::min<std::size_t>(size, input_chunk));
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0) {
        const Result<std::size_t> got = inner_->read(input_.data(), input_.size());
        if (!got) return got.error();
        if (got.value() == 0) {
          if (between_members_) return std::size_t{0};
          return Error{{}, 0, 0, "the gzip data ends too early: the file was cut, copy it again"};
        }
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(got.value());
      }
      between_members_ = false;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) { // another member may follow: `cat a.gz b.gz` is a gzip file
        between_members_ = true;
        inflateReset(&stream_);
      } else if (status != Z_OK) {
        return Error{{}, 0, 0, std::string("the gzip data is damaged (") + reason() + "): copy the file again"};
      }
    }
    return std::size_t{room - stream_.avail_out};
  }

private:
  [[nodiscard]] const char* reason() const { return stream_.msg != nullptr ? stream_.msg : "unexpected end"; }

  std::unique_ptr<ByteSource> inner_;
  std::vector<char> input_;
  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = false;
};

/// zstd (any window up to 128 MiB, what `zstd --long=27` makes), xz and bzip2 by libarchive.
class ArchiveSource final : public ByteSource {
public:
  explicit ArchiveSource(std::unique_ptr<ByteSource> inner)
      : inner_(std::move(inner)), input_(input_chunk), archive_(archive_read_new(), &archive_read_free) {}

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (at_end_) return std::size_t{0};
    if (!opened_) {
      opened_ = true;
      // Not before the first read: libarchive wants a good piece of the input already here.
      archive_entry* entry = nullptr;
      archive* a = archive_.get();
      if (a == nullptr) return Error{{}, 0, 0, "libarchive: out of memory"};
      archive_read_support_filter_zstd(a);
      archive_read_support_filter_xz(a);
      archive_read_support_filter_bzip2(a);
      archive_read_support_format_raw(a);
      archive_read_support_format_empty(a);
      if (archive_read_open(a, this, nullptr, &ArchiveSource::feed, nullptr) != ARCHIVE_OK) return damage();
      const int status = archive_read_next_header(a, &entry);
      if (status == ARCHIVE_EOF) return end();
      if (status != ARCHIVE_OK) return damage();
      // The magic bytes were there, but libarchive, which wants more of the header, saw no compression behind them.
      if (archive_filter_count(a) < 2) return damage();
    }
    const la_ssize_t count = archive_read_data(archive_.get(), buffer, size);
    if (count < 0) return damage();
    if (count == 0) return end();
    return static_cast<std::size_t>(count);
  }

private:
  static la_ssize_t feed(archive*, void* self, const void** bytes) {
    auto& source = *static_cast<ArchiveSource*>(self);
    Result<std::size_t> got = source.inner_->read(source.input_.data(), source.input_.size());
    if (!got) {
      source.input_error_ = got.error();
      source.input_failed_ = true;
      archive_set_error(source.archive_.get(), EIO, "%s", "cannot read");
      return -1;
    }
    *bytes = source.input_.data();
    source.fed_ += got.value();
    return static_cast<la_ssize_t>(got.value());
  }

  Error damage() {
    at_end_ = true;
    if (input_failed_) return input_error_;
    const char* reason = archive_error_string(archive_.get());
    return {{},
            0,
            0,
            std::string("the compressed data is damaged or cut (") +
                (reason != nullptr ? reason : "its header is incomplete") + "): copy the file again"};
  }

  /// libarchive takes what follows a complete stream, if it does not know it, for padding. Here it would be the rest of
  /// the trace, lost.
  Result<std::size_t> end() {
    at_end_ = true;
    const auto used = static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), -1));
    Result<std::size_t> more = inner_->read(input_.data(), input_.size());
    if (!more) return more;
    if (used < fed_ || more.value() != 0)
      return Error{{}, 0, 0, "something follows the compressed data: the file is damaged, or is no single stream"};
    return std::size_t{0};
  }

  std::unique_ptr<ByteSource> inner_;
  std::vector<char> input_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  Error input_error_;
  std::uint64_t fed_ = 0; // compressed bytes handed to libarchive
  bool opened_ = false, at_end_ = false, input_failed_ = false;
};

} // namespace

Compression recognise_compression(std::string_view bytes, bool& more) {
  more = false;
  for (const Magic& magic : magics) {
    if (bytes.starts_with(magic.bytes)) return magic.compression;
    if (magic.bytes.starts_with(bytes)) more = true;
  }
  return Compression::none;
}

Result<std::unique_ptr<ByteSource>> decompressed(std::unique_ptr<ByteSource> source) {
  std::array<char, longest_magic> first{};
  std::size_t size = 0;
  bool more = true;
  Compression compression = Compression::none;
  while (more && size < first.size()) {
    const Result<std::size_t> got = source->read(first.data() + size, first.size() - size);
    if (!got) return got.error();
    if (got.value() == 0) break;
    size += got.value();
    compression = recognise_compression({first.data(), size}, more);
  }
  std::unique_ptr<ByteSource> whole =
      std::make_unique<Pushback>(std::string_view(first.data(), size), std::move(source));
  switch (compression) {
  case Compression::none: break;
  case Compression::gzip: whole = std::make_unique<GzipSource>(std::move(whole)); break;
  case Compression::zstd:
  case Compression::xz:
  case Compression::bzip2: whole = std::make_unique<ArchiveSource>(std::move(whole)); break;
  }
  return whole;
}

} // namespace rmmcheck::traces
