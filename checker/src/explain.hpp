// Writes down one call while it is judged: every condition with its value and the values of its parts, the way of the
// RTT walk, the cells that changed. It evaluates with an evaluator of its own, so what the judge does stays the same.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "judge.hpp"
#include "rmmcheck/checker/checker.hpp"
#include "rmmcheck/model/concrete.hpp"
#include "rmmcheck/model/explain.hpp"
#include "snapshot.hpp"

namespace rmmcheck::checker {

class Explainer {
public:
  using SeqOf = Snapshot::SeqOf;

  /// Before `call` is judged.
  Explainer(const model::Spec& spec, Judge& judge, const traces::Call& call, SeqOf seq_of);
  ~Explainer();

  /// `command` (or a step) is about to be judged with `values`; `pending`: its request takes effect, not its success.
  void begin(const model::Command& command, const model::CallValues& values, bool pending);
  /// Its equations have taken effect and nothing is final yet: tables that the call destroys can still be read.
  void applied(const model::Command& command);
  /// After the call has been judged. What was found about it is the checker's to add.
  Explanation end();

private:
  struct Table;

  void failures(Table& t);
  void context(Table& t, const model::CommandDecl& decl);
  void walks(Table& t);
  void add_walk(std::uint64_t rd, std::uint64_t ipa, std::int64_t level);
  void sample(Table& t);
  std::vector<Explanation::Value> values_of(Table& t, const std::vector<model::Part>& parts);
  Explanation::Value value_of(Table& t, const std::string& name, const std::string& type, model::NodeId node);
  std::string result_of(Table& t, std::size_t failure);

  const model::Spec& spec_;
  Judge& judge_;
  SeqOf seq_of_;
  Snapshot before_;
  std::vector<std::unique_ptr<Table>> tables_;
  Explanation out_;
  bool succeeded_ = false; ///< the call, as recorded
};

} // namespace rmmcheck::checker
