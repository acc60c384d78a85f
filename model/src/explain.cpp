#include "rmmcheck/model/explain.hpp"

#include <algorithm>

#include "lower.hpp"

namespace rmmcheck::model {

class Explainer {
public:
  Explainer(const Spec& spec, Command& scratch, When when)
      : scratch_(scratch), low_(spec, spec.functions_, scratch), when_(when) {}

  void visit(const Expr& e, std::vector<Part>& out) {
    switch (e.kind) {
    case Expr::Kind::name:
    case Expr::Kind::field:
    case Expr::Kind::index:
    case Expr::Kind::slice:
    case Expr::Kind::call:
    case Expr::Kind::range:
    case Expr::Kind::over: add(e, out); break;
    default: break;
    }
    if (e.kind == Expr::Kind::range || e.kind == Expr::Kind::over || e.kind == Expr::Kind::let ||
        e.kind == Expr::Kind::first)
      return; // what stands inside has names of its own
    for (const auto& a : e.args) visit(*a, out);
  }

private:
  void add(const Expr& e, std::vector<Part>& out) {
    if (std::any_of(out.begin(), out.end(), [&](const Part& p) { return p.text == e.source; })) return;
    try {
      const CValue v = low_.value(e, when_, {});
      if (v.kind != CValue::Kind::scalar || scratch_.nodes[v.node].op == Op::constant) return;
      out.push_back({e.source, v.type, v.node});
    } catch (const CompileError&) {
      // e.g. `result`, which is no value of the state
    }
  }

  Command& scratch_;
  Lowering low_;
  When when_;
};

std::vector<Part> parts_of(const Spec& spec, Command& scratch, const Expr& expression, When when) {
  std::vector<Part> out;
  Explainer(spec, scratch, when).visit(expression, out);
  return out;
}

NodeId compile_expression(const Spec& spec, Command& scratch, const Expr& expression, When when, std::string& type) {
  Lowering low(spec, spec.functions_, scratch);
  try {
    const CValue v = low.value(expression, when, {});
    if (v.kind != CValue::Kind::scalar) return no_node;
    type = v.type;
    return v.node;
  } catch (const CompileError&) {
    return no_node;
  }
}

} // namespace rmmcheck::model
