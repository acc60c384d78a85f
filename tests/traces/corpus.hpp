// The recorded traces, for the tests that read all of them.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace rmmcheck::traces::test {

/// traces/recorded, and one more directory if RMMCHECK_TRACES names it: the big ones are not in the repository.
inline std::vector<std::filesystem::path> corpus_directories() {
  std::vector<std::filesystem::path> directories = {RMMCHECK_SOURCE_DIR "/traces/recorded"};
  if (const char* more = std::getenv("RMMCHECK_TRACES")) directories.emplace_back(more);
  return directories;
}

/// The files NAME`suffix` and NAME`suffix`.zst in them, sorted.
inline std::vector<std::filesystem::path> corpus(const std::string& suffix) {
  std::vector<std::filesystem::path> files;
  for (const auto& directory : corpus_directories())
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(suffix) || name.ends_with(suffix + ".zst")) files.push_back(entry.path());
    }
  std::sort(files.begin(), files.end());
  return files;
}

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace rmmcheck::traces::test
