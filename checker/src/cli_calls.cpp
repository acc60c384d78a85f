// A violation names earlier calls by number. For people, what these were is read from the trace a second time: keeping
// them while checking would make memory grow with the trace.
#include <filesystem>

#include <fmt/format.h>

#include "binding.hpp"
#include "cli.hpp"
#include "describe.hpp"

namespace rmmcheck::cli {
namespace {

std::string call_words(const model::Spec& spec, const traces::Call& c) {
  const model::Command* command = spec.find_fid(c.fid);
  std::string out{traces::command_name(c.fid)};
  if (command == nullptr) return out;
  model::CallValues values;
  checker::Binding(*command).fill(c, values);
  const auto& inputs = command->decl.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    if ((values.input_known >> i & 1U) != 0)
      out += fmt::format(" {}={}", inputs[i].name, spec.enumerator(inputs[i].type, values.input[i]));
  if ((c.out_known & 1) == 0) return out;
  std::string status;
  std::int64_t index = -1;
  checker::describe_result(spec, *command, c.out[0], status, index);
  return out + " > " + checker::result_text(status, index);
}

} // namespace

checker::CallTexts call_texts(const std::string& path, traces::Format format, const model::Spec& spec,
                              const std::set<std::uint64_t>& wanted) {
  checker::CallTexts out;
  std::error_code ec;
  if (wanted.empty() || path == "-" || !std::filesystem::is_regular_file(path, ec)) return out;
  auto reader = open_trace(path, format);
  if (!reader) return out;
  traces::Call call;
  while (out.size() < wanted.size() && !interrupted() && reader.value()->next(call) == traces::Next::call)
    if (wanted.contains(call.seq)) out.emplace(call.seq, call_words(spec, call));
  return out;
}

} // namespace rmmcheck::cli
