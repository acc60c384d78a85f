// Shared by the tests of the traces room, and by the fuzzers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rmmcheck/traces/reader.hpp"
#include "rmmcheck/traces/trace.hpp"
#include "rmmcheck/traces/writer.hpp"

namespace rmmcheck::traces::test {

/// A whole trace. `error` is set if it could not be read to the end; the calls before it are there.
struct Trace {
  Header header;
  std::vector<Call> calls;
  Format format = Format::automatic;
  std::uint64_t skipped = 0;
  bool ok = false;
  Error error;
};

inline Trace drain(std::unique_ptr<ByteSource> source, Format format = Format::automatic) {
  Trace trace;
  Result<std::unique_ptr<Reader>> opened = open_reader(std::move(source), "t", format);
  if (!opened) {
    trace.error = opened.error();
    return trace;
  }
  Reader& reader = *opened.value();
  trace.header = reader.header();
  trace.format = reader.format();
  Call call;
  Next next = reader.next(call);
  for (; next == Next::call; next = reader.next(call)) trace.calls.push_back(call);
  trace.skipped = reader.skipped_lines();
  trace.ok = next == Next::end;
  if (!trace.ok) trace.error = reader.error();
  return trace;
}

inline Trace drain(std::string_view text, Format format = Format::automatic) {
  return drain(memory_source(text), format);
}

inline Trace drain_file(const std::string& path, Format format = Format::automatic) {
  Result<std::unique_ptr<ByteSource>> source = open_source(path);
  if (source) return drain(std::move(source.value()), format);
  Trace trace;
  trace.error = source.error();
  return trace;
}

/// Equal in all that is known. `line` is where a call stood, not what it was.
inline bool same(const Call& a, const Call& b) {
  if (a.seq != b.seq || a.fid != b.fid || a.cpu != b.cpu || a.phase != b.phase || a.in_known != b.in_known ||
      a.out_known != b.out_known || a.crashed != b.crashed || a.timed != b.timed || a.rec != b.rec || a.rd != b.rd ||
      a.parent != b.parent || a.issued != b.issued || a.params.kind != b.params.kind ||
      a.params.known != b.params.known)
    return false;
  if (a.timed && (a.t0 != b.t0 || a.t1 != b.t1)) return false;
  for (std::size_t i = 0; i < a.in.size(); ++i)
    if ((a.in_known >> i & 1U) != 0 && a.in[i] != b.in[i]) return false;
  for (std::size_t i = 0; i < a.out.size(); ++i)
    if ((a.out_known >> i & 1U) != 0 && a.out[i] != b.out[i]) return false;
  for (std::size_t i = 0; i < max_params; ++i)
    if ((a.params.known >> i & 1U) != 0 && a.params.value[i] != b.params.value[i]) return false;
  return true;
}

inline bool same(const std::vector<Call>& a, const std::vector<Call>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!same(a[i], b[i])) return false;
  return true;
}

inline std::string written(const Header& header, const std::vector<Call>& calls) {
  std::string text;
  append_jsonl(text, header);
  for (const Call& call : calls) append_jsonl(text, call);
  return text;
}

inline const std::string header_line = R"({"type":"header","format":"rmi-trace"})"
                                       "\n";

/// `record` as the first record of a trace.
inline Trace record(std::string_view text) { return drain(header_line + std::string(text) + "\n"); }

} // namespace rmmcheck::traces::test
