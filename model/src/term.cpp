#include "rmmcheck/model/term.hpp"

#include <chrono>
#include <unordered_map>

#include <z3++.h>

namespace rmmcheck::model {

const char* answer_name(Answer a) {
  switch (a) {
  case Answer::sat: return "sat";
  case Answer::unsat: return "unsat";
  case Answer::timeout: return "timeout";
  case Answer::memory: return "memory";
  case Answer::unknown: return "unknown";
  case Answer::interrupted: return "interrupted";
  }
  return "?";
}

struct Terms::Impl {
  z3::context context;
  std::vector<z3::expr> exprs; ///< Term::id - 1
  std::unordered_map<std::string, std::uint32_t> variables;
  SolverLimits limits;
  bool interrupted = false;

  explicit Impl(SolverLimits l) : limits(l) {}

  z3::expr expr(Term t) {
    if (t.id != 0) return exprs[t.id - 1];
    return t.boolean ? context.bool_val(t.bits != 0) : context.bv_val(t.bits, 64);
  }
  Term make(const z3::expr& e, bool boolean) {
    exprs.push_back(e);
    return {0, static_cast<std::uint32_t>(exprs.size()), boolean};
  }
  bool same(Term a, Term b) {
    return a.id == b.id || (a.id != 0 && b.id != 0 && z3::eq(exprs[a.id - 1], exprs[b.id - 1]));
  }
};

Terms::Terms(SolverLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
Terms::~Terms() = default;

std::size_t Terms::mark() const { return impl_->exprs.size(); }
void Terms::release(std::size_t mark) {
  auto& e = impl_->exprs;
  if (mark < e.size()) e.erase(e.begin() + static_cast<std::ptrdiff_t>(mark), e.end());
  std::erase_if(impl_->variables, [&](const auto& v) { return v.second > mark; });
}

Term Terms::variable(const std::string& name, bool boolean) {
  const std::string key = (boolean ? "b:" : "v:") + name;
  if (const auto it = impl_->variables.find(key); it != impl_->variables.end()) return {0, it->second, boolean};
  const z3::expr e = boolean ? impl_->context.bool_const(name.c_str()) : impl_->context.bv_const(name.c_str(), 64);
  const Term t = impl_->make(e, boolean);
  impl_->variables[key] = t.id;
  return t;
}

Term Terms::not_(Term a) {
  if (a.constant()) return truth(a.bits == 0);
  const z3::expr e = impl_->expr(a);
  if (e.is_app() && e.decl().decl_kind() == Z3_OP_NOT) return impl_->make(e.arg(0), true);
  return impl_->make(!e, true);
}
Term Terms::and_(Term a, Term b) {
  if (a.constant()) return a.bits != 0 ? b : a;
  if (b.constant()) return b.bits != 0 ? a : b;
  if (impl_->same(a, b)) return a;
  return impl_->make(impl_->expr(a) && impl_->expr(b), true);
}
Term Terms::or_(Term a, Term b) {
  if (a.constant()) return a.bits != 0 ? a : b;
  if (b.constant()) return b.bits != 0 ? b : a;
  if (impl_->same(a, b)) return a;
  return impl_->make(impl_->expr(a) || impl_->expr(b), true);
}
Term Terms::ite(Term c, Term a, Term b) {
  if (c.constant()) return c.bits != 0 ? a : b;
  if (a.constant() && b.constant() && a.bits == b.bits) return a;
  if (a.id == b.id && a.id != 0) return a;
  if (a.boolean && a.constant() && b.constant()) return a.bits != 0 ? c : not_(c);
  return impl_->make(z3::ite(impl_->expr(c), impl_->expr(a), impl_->expr(b)), a.boolean);
}

namespace {

// `ite(c, k1, k2) == k`, with constants throughout, is c, its negation, or a constant: chains of choices between known
// values fold away before they reach the solver.
// `budget` bounds the choices looked at: shared sub-terms would otherwise be visited over and over.
std::optional<z3::expr> fold_choice(const z3::expr& e, std::uint64_t k, z3::context& c, unsigned& budget) {
  if (budget == 0 || !e.is_app() || e.decl().decl_kind() != Z3_OP_ITE) return std::nullopt;
  --budget;
  const auto branch = [&](const z3::expr& b) -> std::optional<z3::expr> {
    if (b.is_numeral()) return c.bool_val(b.get_numeral_uint64() == k);
    return fold_choice(b, k, c, budget);
  };
  auto a = branch(e.arg(1)), b = branch(e.arg(2));
  if (!a || !b) return std::nullopt;
  if (a->is_true() && b->is_true()) return a;
  if (a->is_false() && b->is_false()) return a;
  if (a->is_true()) return b->is_false() ? e.arg(0) : (e.arg(0) || *b);
  if (a->is_false()) return b->is_true() ? !e.arg(0) : (!e.arg(0) && *b);
  if (b->is_true()) return !e.arg(0) || *a;
  if (b->is_false()) return e.arg(0) && *a;
  return z3::ite(e.arg(0), *a, *b);
}

} // namespace

Term Terms::eq(Term a, Term b) {
  if (a.constant() && b.constant()) return truth(a.bits == b.bits);
  if (impl_->same(a, b)) return truth(true);
  if (a.boolean) {
    if (a.constant()) return a.bits != 0 ? b : not_(b);
    if (b.constant()) return b.bits != 0 ? a : not_(a);
  } else if (a.constant() || b.constant()) {
    unsigned budget = 128;
    const auto folded =
        fold_choice(impl_->expr(a.constant() ? b : a), a.constant() ? a.bits : b.bits, impl_->context, budget);
    if (folded) {
      if (folded->is_true() || folded->is_false()) return truth(folded->is_true());
      return impl_->make(*folded, true);
    }
  }
  return impl_->make(impl_->expr(a) == impl_->expr(b), true);
}
Term Terms::lt(Term a, Term b, bool sign) {
  if (a.constant() && b.constant())
    return truth(sign ? static_cast<std::int64_t>(a.bits) < static_cast<std::int64_t>(b.bits) : a.bits < b.bits);
  return impl_->make(sign ? z3::slt(impl_->expr(a), impl_->expr(b)) : z3::ult(impl_->expr(a), impl_->expr(b)), true);
}
Term Terms::le(Term a, Term b, bool sign) {
  if (a.constant() && b.constant())
    return truth(sign ? static_cast<std::int64_t>(a.bits) <= static_cast<std::int64_t>(b.bits) : a.bits <= b.bits);
  return impl_->make(sign ? z3::sle(impl_->expr(a), impl_->expr(b)) : z3::ule(impl_->expr(a), impl_->expr(b)), true);
}
Term Terms::add(Term a, Term b) {
  if (a.constant() && b.constant()) return number(a.bits + b.bits);
  if (a.constant() && a.bits == 0) return b;
  if (b.constant() && b.bits == 0) return a;
  return impl_->make(impl_->expr(a) + impl_->expr(b), false);
}
Term Terms::sub(Term a, Term b) {
  if (a.constant() && b.constant()) return number(a.bits - b.bits);
  if (b.constant() && b.bits == 0) return a;
  return impl_->make(impl_->expr(a) - impl_->expr(b), false);
}
Term Terms::mul(Term a, Term b) {
  if (a.constant() && b.constant()) return number(a.bits * b.bits);
  if ((a.constant() && a.bits == 0) || (b.constant() && b.bits == 1)) return a;
  if ((b.constant() && b.bits == 0) || (a.constant() && a.bits == 1)) return b;
  return impl_->make(impl_->expr(a) * impl_->expr(b), false);
}
Term Terms::div(Term a, Term b) {
  if (a.constant() && b.constant()) return number(b.bits == 0 ? ~std::uint64_t{0} : a.bits / b.bits);
  // Sizes are powers of two: a shift is far easier for the solver than a division.
  if (b.constant() && b.bits != 0 && (b.bits & (b.bits - 1)) == 0) {
    unsigned shift = 0;
    while ((b.bits >> shift) != 1) ++shift;
    return shift == 0 ? a : slice(a, 63, shift);
  }
  return impl_->make(z3::udiv(impl_->expr(a), impl_->expr(b)), false);
}
Term Terms::mod(Term a, Term b) {
  if (a.constant() && b.constant()) return number(b.bits == 0 ? a.bits : a.bits % b.bits);
  if (b.constant() && b.bits != 0 && (b.bits & (b.bits - 1)) == 0) {
    unsigned shift = 0;
    while ((b.bits >> shift) != 1) ++shift;
    return shift == 0 ? number(0) : slice(a, shift - 1, 0);
  }
  return impl_->make(z3::urem(impl_->expr(a), impl_->expr(b)), false);
}
Term Terms::pow2(Term a) {
  if (a.constant()) return number(a.bits < 64 ? std::uint64_t{1} << a.bits : 0);
  return impl_->make(z3::shl(impl_->context.bv_val(1, 64), impl_->expr(a)), false);
}
Term Terms::slice(Term a, unsigned high, unsigned low) {
  if (a.constant()) {
    const unsigned width = high - low + 1;
    return number((a.bits >> low) & (width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1));
  }
  if (high == 63 && low == 0) return a;
  return impl_->make(z3::zext(impl_->expr(a).extract(high, low), 63 - (high - low)), false);
}

std::optional<std::uint64_t> Terms::evaluate(Term t, const std::vector<std::pair<Term, std::uint64_t>>& values) {
  if (t.constant()) return t.bits;
  z3::expr_vector from(impl_->context), to(impl_->context);
  for (const auto& [variable, value] : values) {
    if (variable.constant()) continue;
    from.push_back(impl_->expr(variable));
    to.push_back(variable.boolean ? impl_->context.bool_val(value != 0) : impl_->context.bv_val(value, 64));
  }
  z3::expr e = impl_->expr(t);
  e = e.substitute(from, to).simplify();
  if (t.boolean) {
    if (e.is_true()) return 1;
    if (e.is_false()) return 0;
    return std::nullopt;
  }
  std::uint64_t v = 0;
  if (e.is_numeral_u64(v)) return v;
  return std::nullopt;
}

Answer Terms::check(const std::string& question, const std::vector<Term>& facts, const std::vector<Term>& wanted,
                    std::vector<std::uint64_t>* model) {
  QuestionStats& stats = statistics_[question];
  bool trivial = true;
  for (const Term f : facts) {
    if (f.is(false)) {
      ++stats.trivial;
      ++stats.answers[answer_name(Answer::unsat)];
      return Answer::unsat;
    }
    trivial = trivial && f.constant();
  }
  if (trivial && model == nullptr) {
    ++stats.trivial;
    ++stats.answers[answer_name(Answer::sat)];
    return Answer::sat;
  }
  const auto begin = std::chrono::steady_clock::now();
  Answer answer = Answer::unknown;
  try {
    z3::solver solver(impl_->context);
    z3::params p(impl_->context);
    p.set("timeout", impl_->limits.timeout_ms);
    p.set("random_seed", impl_->limits.seed);
    p.set("max_memory", impl_->limits.memory_mb);
    solver.set(p);
    for (const Term f : facts)
      if (!f.constant()) solver.add(impl_->expr(f));
    switch (solver.check()) {
    case z3::sat: {
      answer = Answer::sat;
      if (model == nullptr) break;
      const z3::model m = solver.get_model();
      model->clear();
      for (const Term w : wanted) {
        const z3::expr v = m.eval(impl_->expr(w), true);
        std::uint64_t bits = 0;
        if (w.boolean)
          bits = v.is_true() ? 1 : 0;
        else
          v.is_numeral_u64(bits);
        model->push_back(bits);
      }
      break;
    }
    case z3::unsat: answer = Answer::unsat; break;
    case z3::unknown: {
      const std::string reason = solver.reason_unknown();
      answer = impl_->interrupted ? Answer::interrupted
               : reason.find("timeout") != std::string::npos || reason.find("canceled") != std::string::npos
                   ? Answer::timeout
               : reason.find("memory") != std::string::npos ? Answer::memory
                                                            : Answer::unknown;
      break;
    }
    }
  } catch (const z3::exception& e) {
    answer = std::string(e.msg()).find("memory") != std::string::npos ? Answer::memory : Answer::unknown;
  }
  ++stats.asked;
  ++stats.answers[answer_name(answer)];
  stats.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return answer;
}

std::string Terms::smt2(const std::string& question, const std::vector<Term>& facts) {
  z3::solver solver(impl_->context);
  for (const Term f : facts) solver.add(impl_->expr(f));
  return solver.to_smt2(question.c_str());
}

void Terms::interrupt() {
  impl_->interrupted = true;
  impl_->context.interrupt();
}

std::string Terms::to_string(Term t) {
  std::string out = impl_->expr(t).to_string();
  return out;
}

} // namespace rmmcheck::model
