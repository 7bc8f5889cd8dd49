// Evaluating expressions.

#include "core/text/jinja/access.h"
#include "core/text/jinja/filters.h"
#include "core/text/jinja/interpreter.h"
#include "core/text/jinja/loop.h"
#include "core/text/jinja/operators.h"
#include "core/text/jinja/tests.h"

namespace tinyzero::jinja {

using Kind = Expression::Kind;

Value Interpreter::evaluate(const Expression& e) {
  const Nesting nesting(*this);
  switch (e.kind) {
    case Kind::constant: return e.value;
    case Kind::name: return evaluate_name(e);
    case Kind::tuple: return Value::tuple(evaluate_all(e.children));
    case Kind::list: return Value::list(evaluate_all(e.children));
    case Kind::dict: return evaluate_dict(e);
    case Kind::attribute: return attribute(evaluate(*e.children[0]), e.name, budget_);
    case Kind::item: return evaluate_item(e);
    case Kind::slice: return evaluate_slice(e);
    case Kind::call: return evaluate_call(e, nullptr);
    case Kind::filter: return evaluate_filter(e);
    case Kind::test: return evaluate_test(e);
    case Kind::unary: return evaluate_unary(e);
    case Kind::binary: return evaluate_binary(e);
    case Kind::compare: return evaluate_compare(e);
    case Kind::concat: return evaluate_concat(e);
    case Kind::conditional: break;
  }
  return evaluate_conditional(e);
}

Value Interpreter::evaluate_name(const Expression& e) {
  const std::optional<Value>& found = slot(e.variable);
  return found ? *found : Value::undefined("\"" + e.name + "\" is undefined");
}

Value Interpreter::evaluate_item(const Expression& e) {
  const Value object = evaluate(*e.children[0]);
  return item(object, evaluate(*e.children[1]), budget_);
}

Value Interpreter::evaluate_test(const Expression& e) {
  const Value value = evaluate(*e.children[0]);
  return Value::boolean(apply_test(e.name, value, evaluate_arguments(e.arguments), budget_));
}

Value Interpreter::evaluate_unary(const Expression& e) {
  const Value value = evaluate(*e.children[0]);
  return e.name == "not" ? Value::boolean(!truth(value)) : signed_value(e.name, value);
}

Value Interpreter::evaluate_conditional(const Expression& e) {
  if (truth(evaluate(*e.children[0]))) return evaluate(*e.children[1]);
  if (e.children[2]) return evaluate(*e.children[2]);
  return Value::undefined("an if without else was false");
}

Items Interpreter::evaluate_all(const std::vector<ExpressionPtr>& expressions) {
  Items out;
  budget_.take(kItemBytes * expressions.size());
  for (const ExpressionPtr& one : expressions) out.push_back(evaluate(*one));
  return out;
}

Value Interpreter::evaluate_dict(const Expression& e) {
  const Items all = evaluate_all(e.children);
  Entries entries;
  for (std::size_t i = 0; i + 1 < all.size(); i += 2) entries.emplace_back(all[i], all[i + 1]);
  return Value::dict(entries, budget_);
}

Value Interpreter::evaluate_slice(const Expression& e) {
  std::optional<Value> values[4];
  for (std::size_t i = 0; i < 4; ++i) {
    if (e.children[i]) values[i] = evaluate(*e.children[i]);
  }
  const auto given = [&](std::size_t i) { return values[i] ? &*values[i] : nullptr; };
  return slice(*values[0], {.start = given(1), .stop = given(2), .step = given(3)}, budget_);
}

Value Interpreter::evaluate_binary(const Expression& e) {
  Value left = evaluate(*e.children[0]);
  if (e.name == "and") return truth(left) ? evaluate(*e.children[1]) : left;
  if (e.name == "or") return truth(left) ? left : evaluate(*e.children[1]);
  return binary(e.name, left, evaluate(*e.children[1]), budget_);
}

// a < b < c holds if both comparisons do; nothing is evaluated after a false one.
Value Interpreter::evaluate_compare(const Expression& e) {
  Value left = evaluate(*e.children[0]);
  for (std::size_t i = 0; i < e.names.size(); ++i) {
    Value right = evaluate(*e.children[i + 1]);
    if (!compare(e.names[i], left, right, budget_)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Interpreter::evaluate_concat(const Expression& e) {
  std::string out;
  for (const ExpressionPtr& operand : e.children) {
    const std::string text = to_text(evaluate(*operand), budget_);
    budget_.take(text.size());
    out += text;
  }
  return Value::text(std::move(out));
}

Value Interpreter::evaluate_filter(const Expression& e) {
  const Value value = e.children[0] ? evaluate(*e.children[0]) : Value::text(*block_text_);
  return apply_filter(e.name, value, evaluate_arguments(e.arguments), budget_);
}

CallArguments Interpreter::evaluate_arguments(const Arguments& arguments) {
  CallArguments out;
  for (const ExpressionPtr& one : arguments.positional) out.positional.push_back(evaluate(*one));
  for (const auto& [name, value] : arguments.named) out.named.emplace_back(name, evaluate(*value));
  if (arguments.spread) {
    for (Value& one : all_items(evaluate(*arguments.spread), budget_))
      out.positional.push_back(std::move(one));
  }
  if (!arguments.named_spread) return out;
  const Value more = evaluate(*arguments.named_spread);
  if (more.dict() == nullptr) throw Error(std::string("** of a ") + more.type());
  for (const auto& [key, value] : more.dict()->entries) {
    if (!key.is_text()) throw Error("** of a dict with keys that are not texts");
    for (const auto& [name, known] : out.named) {
      if (name == key.text()) throw Error("the argument \"" + name + "\" twice");
    }
    out.named.emplace_back(key.text(), value);
  }
  return out;
}

Value Interpreter::evaluate_call(const Expression& e, const Value* caller) {
  const Nesting nesting(*this);
  const Value callee = evaluate(*e.children[0]);
  CallArguments arguments = evaluate_arguments(e.arguments);
  if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
  return call(callee, std::move(arguments));
}

}  // namespace tinyzero::jinja
