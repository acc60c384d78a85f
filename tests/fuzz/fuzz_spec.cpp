// Any bytes as a file of a specification, beside the real types and functions, and as an overlay on a whole version: it
// loads or is refused with a place in that file, and what loads can be loaded again.
//
//   clang++ -fsanitize=fuzzer,address,undefined ... fuzz_spec.cpp; ./fuzz_spec corpus/ specs/rmm-1.0-rel0/
//
// RMMCHECK_SPECS names the folder of specifications when it is not where it was when this was compiled.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "rmmcheck/model/spec.hpp"
#include "rmmcheck/model/syntax.hpp"

using namespace rmmcheck;
using namespace rmmcheck::model;

namespace {

void require(bool good, const char* what, const std::string& text) {
  if (good) return;
  std::fprintf(stderr, "%s\n%s\n", what, text.c_str());
  std::abort();
}

using Files = std::vector<std::pair<std::string, std::string>>;

// Types and functions, and one command for amendments to change.
const Files& shipped() {
  static const Files files = [] {
    const char* given = std::getenv("RMMCHECK_SPECS");
    const std::string here = __FILE__;
    const std::string folder = given != nullptr ? given : here.substr(0, here.rfind('/') + 1) + "../../specs";
    Files out;
    for (const char* name : {"types.rmm", "functions.rmm", "RMI_DATA_DESTROY.rmm"}) {
      std::ifstream in(folder + "/rmm-1.0-rel0/" + name);
      out.emplace_back(name, std::string(std::istreambuf_iterator<char>(in), {}));
      require(!out.back().second.empty(), "no specification; set RMMCHECK_SPECS to the folder 'specs'", name);
    }
    return out;
  }();
  return files;
}

void check_place(const Error& error, const std::string& text) {
  require(!error.message.empty(), "an error without a message", text);
  if (error.file == "fuzzed.rmm" && error.line != 0) {
    const auto lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    require(error.line <= lines, "an error behind the end of the file", text);
    require(error.column != 0, "an error with a line and no column", text);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Syntax syntax;
  if (const auto error = parse_specification("fuzzed.rmm", text, syntax)) {
    check_place(*error, text);
    require(error->file == "fuzzed.rmm", "an error in another file", text);
    return 0;
  }
  Files files = shipped();
  files.emplace_back("fuzzed.rmm", text);
  const auto spec = Spec::load_texts("fuzzed", files);
  if (!spec) {
    check_place(spec.error(), text);
  } else {
    require(Spec::load_texts("fuzzed", files).ok(), "loaded once, but not twice", text);
    for (const auto& command : spec.value()->commands()) {
      require(command->failures.size() == command->decl.failure.size(), "a failure condition was lost", text);
      require(command->success.holds.size() == command->decl.success.size(), "a success condition was lost", text);
    }
  }
  LoadOptions literal;
  literal.literal = true;
  require(Spec::load_texts("fuzzed", files, literal).ok() || !spec.ok() || !spec.value()->amendments().empty(),
          "good with amendments, bad without any", text);
  return 0;
}
