// Runs the program as a user does: through a shell, from the project's folder, so that paths in its output are the same
// everywhere.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace rmmcheck::checker::test {

inline std::string contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_file(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

/// A folder of its own for a test, removed at its end.
class Scratch {
public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "rmmcheck-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder for the test");
    path = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path / name).string(); }

  std::filesystem::path path;
};

struct Ran {
  int code = -1;
  std::string out, err;
};

/// Runs a shell script in which `rmmcheck` is the program under test.
inline Ran shell(const std::string& script) {
  const Scratch scratch;
  const std::filesystem::path program = RMMCHECK_BINARY;
  write_file(scratch / "script", "cd '" RMMCHECK_SOURCE_DIR "' || exit 99\nPATH='" + program.parent_path().string() +
                                     "':$PATH\nunset NO_COLOR RMMCHECK_SPECS\n" + script + "\n");
  const std::string command =
      "sh '" + (scratch / "script") + "' >'" + (scratch / "out") + "' 2>'" + (scratch / "err") + "' </dev/null";
  const int status = std::system(command.c_str()); // NOLINT(cert-env33-c): a shell is what is wanted
  Ran ran;
  if (WIFEXITED(status)) ran.code = WEXITSTATUS(status);
  ran.out = contents(scratch / "out");
  ran.err = contents(scratch / "err");
  return ran;
}

/// RMMCHECK_UPDATE_GOLDEN=1: write down what the program says now, instead of comparing.
inline bool updating() {
  const char* update = std::getenv("RMMCHECK_UPDATE_GOLDEN");
  return update != nullptr && std::string(update) == "1";
}

} // namespace rmmcheck::checker::test
