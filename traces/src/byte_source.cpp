// Where bytes come from: files, standard input, memory.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "decompress.hpp"
#include "rmmcheck/traces/reader.hpp"

namespace rmmcheck::traces {
namespace {

Error system_error(const char* what, int number) {
  return {{}, 0, 0, std::string(what) + ": " + std::strerror(number)};
}

/// read(2), without a buffer of our own: it returns what a pipe holds and does not wait for more.
class DescriptorSource final : public ByteSource {
public:
  DescriptorSource(int descriptor, bool owned) : descriptor_(descriptor), owned_(owned) {}
  ~DescriptorSource() override {
    if (owned_) close(descriptor_);
  }
  DescriptorSource(const DescriptorSource&) = delete;
  DescriptorSource& operator=(const DescriptorSource&) = delete;

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    const ssize_t count = ::read(descriptor_, buffer, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    // A signal ends a read only if the program asked for that (no SA_RESTART), which it does in order to stop.
    if (errno == EINTR) return Error{{}, 0, 0, "reading was interrupted"};
    return system_error("cannot read", errno);
  }

private:
  int descriptor_;
  bool owned_;
};

class MemorySource final : public ByteSource {
public:
  explicit MemorySource(std::string_view text) : rest_(text) {}
  Result<std::size_t> read(char* buffer, std::size_t size) override {
    const std::size_t count = std::min(size, rest_.size());
    std::copy_n(rest_.data(), count, buffer);
    rest_.remove_prefix(count);
    return count;
  }

private:
  std::string_view rest_;
};

Result<std::unique_ptr<ByteSource>> open_descriptor(const std::string& path) {
  if (path == "-") return std::unique_ptr<ByteSource>(new DescriptorSource(STDIN_FILENO, false));
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return system_error("cannot open the trace", errno);
  auto source = std::make_unique<DescriptorSource>(descriptor, true);
  struct stat status {};
  if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode))
    return Error{{}, 0, 0, "this is a directory: name the trace files in it"};
  return std::unique_ptr<ByteSource>(std::move(source));
}

} // namespace

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  Result<std::unique_ptr<ByteSource>> opened = open_descriptor(path);
  if (opened) opened = decompressed(std::move(opened.value()));
  if (opened) return opened;
  Error error = opened.error();
  error.file = path;
  return error;
}

std::unique_ptr<ByteSource> memory_source(std::string_view text) { return std::make_unique<MemorySource>(text); }

} // namespace rmmcheck::traces
