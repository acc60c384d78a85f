// Z3 behind one door: terms that fold constants while they are built, and questions that have a name, a bound and a
// count. No other header or source file of the project includes Z3.
//
// A Term is 16 bytes. Constant terms never reach Z3: what is known stays a machine integer, so a trace with full
// information asks no question at all. One Terms object a thread; not shared.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rmmcheck::model {

/// A Bool or a 64-bit vector: a constant (`id == 0`, value in `bits`) or a Z3 expression.
struct Term {
  std::uint64_t bits = 0;
  std::uint32_t id = 0;
  bool boolean = false;

  [[nodiscard]] bool constant() const { return id == 0; }
  [[nodiscard]] bool is(bool value) const { return id == 0 && boolean && (bits != 0) == value; }
};

/// A solver's answer. Only `sat` and `unsat` are answers; everything else must reach the verdict as "not decided".
enum class Answer : std::uint8_t { sat, unsat, timeout, memory, unknown, interrupted };
const char* answer_name(Answer a);

/// What one question cost, by its name.
struct QuestionStats {
  std::uint64_t asked = 0;   ///< reached the solver
  std::uint64_t trivial = 0; ///< folded to a constant before
  std::map<std::string, std::uint64_t> answers;
  double seconds = 0;
};

struct SolverLimits {
  unsigned timeout_ms = 10'000; ///< a question
  unsigned memory_mb = 2'000;
  unsigned seed = 0;
};

class Terms {
public:
  explicit Terms(SolverLimits limits = {});
  ~Terms();
  Terms(const Terms&) = delete;
  Terms& operator=(const Terms&) = delete;

  static Term number(std::uint64_t v) { return {v, 0, false}; }
  static Term truth(bool v) { return {v ? 1U : 0U, 0, true}; }
  /// A variable; the same name and sort give the same one.
  Term variable(const std::string& name, bool boolean);

  Term not_(Term a);
  Term and_(Term a, Term b);
  Term or_(Term a, Term b);
  Term ite(Term c, Term a, Term b);
  Term eq(Term a, Term b);
  Term lt(Term a, Term b, bool sign);
  Term le(Term a, Term b, bool sign);
  Term add(Term a, Term b);
  Term sub(Term a, Term b);
  Term mul(Term a, Term b);
  Term div(Term a, Term b);                        ///< by 0: all ones, as in SMT-LIB; callers guard it
  Term mod(Term a, Term b);                        ///< by 0: a
  Term pow2(Term a);                               ///< 2 ^ a modulo 2^64
  Term slice(Term a, unsigned high, unsigned low); ///< zero-extended to 64 bits

  /// Number of terms made so far; `release` forgets all that came after a mark (variables keep their names).
  [[nodiscard]] std::size_t mark() const;
  void release(std::size_t mark);

  /// The value of `t` where the variables have the given values; nullopt when that does not determine it.
  std::optional<std::uint64_t> evaluate(Term t, const std::vector<std::pair<Term, std::uint64_t>>& values);

  /// Is there an assignment that makes all of `facts` true? On sat, `model` (if given) receives values for `wanted`.
  Answer check(const std::string& question, const std::vector<Term>& facts, const std::vector<Term>& wanted = {},
               std::vector<std::uint64_t>* model = nullptr);
  /// The question as SMT-LIB 2, for any solver.
  std::string smt2(const std::string& question, const std::vector<Term>& facts);
  /// Stops a running check from another thread or a signal handler's thread.
  void interrupt();

  [[nodiscard]] const std::map<std::string, QuestionStats>& statistics() const { return statistics_; }
  [[nodiscard]] std::string to_string(Term t);

private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::map<std::string, QuestionStats> statistics_;
};

} // namespace rmmcheck::model
