// Running statements.

#include "core/text/jinja/interpreter.h"
#include "core/text/jinja/loop.h"

namespace tinyzero::jinja {
namespace {

constexpr int kDeepestCalls = 500;  // levels of statements and expressions
constexpr std::size_t kLongestOutput = std::size_t{1} << 26;  // bytes

}  // namespace

Interpreter::Nesting::Nesting(Interpreter& interpreter) : depth_(interpreter.depth_) {
  interpreter.budget_.spend(1);
  if (++depth_ > kDeepestCalls) throw Error("macros call each other too deep");
}

std::string Interpreter::run(const Program& program) {
  std::string out;
  out_ = &out;
  now_ = std::make_shared<Activation>();
  now_->slots.resize(program.slots);
  const std::shared_ptr<Activation> root = now_;
  // Macros own the frame that holds them: clearing its slots breaks the cycle.
  struct Release {
    Activation& root;
    ~Release() { root.slots.clear(); }
  } const release{*root};
  enter(program.loads);
  run(program.body);
  return out;
}

Interpreter::Flow Interpreter::run(const Body& body) {
  const Nesting nesting(*this);
  for (const Statement& statement : body) {
    line_ = statement.line;
    const Flow flow = std::visit([&](const auto& node) { return visit(*node); }, statement.node);
    if (flow != Flow::next) return flow;
  }
  return Flow::next;
}

void Interpreter::enter(const Loads& loads) {
  for (const Load& load : loads) {
    std::optional<Value>& to = now_->slots[load.slot];
    if (load.how == Load::How::missing) to.reset();
    else if (load.how == Load::How::alias) to = slot(load.original);
    else to = resolve(load.name);
  }
}

std::optional<Value>& Interpreter::slot(const VariableSlot& variable) {
  Activation* activation = now_.get();
  for (int i = 0; i < variable.up; ++i) activation = activation->outer.get();
  return activation->slots[variable.slot];
}

void Interpreter::print(const std::string& text) {
  budget_.take(text.size());
  if (out_->size() + text.size() > kLongestOutput) throw Error("it prints more than 64 MiB");
  *out_ += text;
}

std::optional<std::string> Interpreter::captured(const Body& body, Flow& flow) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  flow = run(body);
  out_ = outer;
  return flow == Flow::next ? std::optional(std::move(text)) : std::nullopt;
}

Interpreter::Flow Interpreter::visit(const Output& node) {
  for (const ExpressionPtr& piece : node.pieces) print(to_text(evaluate(*piece), budget_));
  return Flow::next;
}

Interpreter::Flow Interpreter::visit(const If& node) {
  for (const auto& [test, body] : node.branches) {
    if (truth(evaluate(*test))) return run(body);
  }
  return run(node.otherwise);
}

Interpreter::Flow Interpreter::visit(const For& node) {
  const Value sequence = evaluate(*node.sequence);
  if (!is_iterable(sequence)) throw Error(std::string("a loop over a ") + sequence.type());
  if (run_loop(node, sequence) > 0) return Flow::next;
  enter(node.otherwise_loads);
  return run(node.otherwise);
}

std::int64_t Interpreter::run_loop(const For& node, const Value& sequence) {
  const bool sized = has_size(sequence) && !node.test;
  const std::int64_t length = sized ? size_of(sequence) : -1;
  const auto source = sequence.is<std::shared_ptr<Iterator>>()
                          ? sequence.get<std::shared_ptr<Iterator>>()
                          : std::make_shared<Iterator>(all_items(sequence, budget_));
  bool entered = false;
  const auto next = [&]() -> std::optional<Value> {
    if (node.test && !std::exchange(entered, true)) enter(node.test_loads);
    while (auto item = source->next()) {
      if (!node.test) return item;
      assign(node.test_target, *item);
      if (truth(evaluate(*node.test))) return item;
    }
    return std::nullopt;
  };
  const auto loop = std::make_shared<Loop>(next, length);
  const bool uses_loop = node.loop_slot >= 0;
  std::int64_t completed = 0;
  Flow flow = Flow::next;
  while (flow != Flow::leave) {
    const std::optional<Value> item = uses_loop ? loop->step() : next();
    if (!item) break;
    enter(node.body_loads);
    if (uses_loop) now_->slots[node.loop_slot] = Value(Value::Data(loop));
    assign(node.target, *item);
    flow = run(node.body);
    if (flow == Flow::next) ++completed;
  }
  if (uses_loop) now_->slots[node.loop_slot].reset();
  return completed;
}

void Interpreter::check_namespaces(const Target& target) {
  for (const Target& element : target.elements) check_namespaces(element);
  if (target.kind != Target::Kind::attribute) return;
  const std::optional<Value>& holder = slot(target.variable);
  if (!holder || !holder->is<std::shared_ptr<Namespace>>())
    throw Error("an attribute of \"" + target.name + "\", which is not a namespace, is set");
}

// A macro in a namespace could outlive the variables of the function that defined it.
void Interpreter::check_attribute(const std::string& name, const Value& value) {
  if (name.starts_with("_")) throw Error("a namespace with \"" + name.substr(0, 40) + "\"");
  if (has_macros(value)) unsupported("a macro in a namespace");
  Value::list({value});  // refuses what no container may hold
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (target.kind == Target::Kind::name) {
    slot(target.variable) = value;
    return;
  }
  if (target.kind == Target::Kind::attribute) {
    check_attribute(target.attribute, value);
    Namespace& space = *slot(target.variable)->get<std::shared_ptr<Namespace>>();
    if (Value* known = space.find(target.attribute)) *known = value;
    else space.attributes.emplace_back(target.attribute, value);
    budget_.spend(std::ssize(space.attributes));
    return;
  }
  const Items items = all_items(value, budget_);
  if (items.size() != target.elements.size())
    throw Error(std::to_string(items.size()) + " values for " +
                std::to_string(target.elements.size()) + " names");
  for (std::size_t i = 0; i < items.size(); ++i) assign(target.elements[i], items[i]);
}

Interpreter::Flow Interpreter::visit(const Set& node) {
  check_namespaces(node.target);
  assign(node.target, evaluate(*node.value));
  return Flow::next;
}

Value Interpreter::filtered(const Expression* filter, std::string text) {
  if (filter == nullptr) return Value::text(std::move(text));
  const std::string* const outer = std::exchange(block_text_, &text);
  Value value = evaluate(*filter);
  block_text_ = outer;
  return value;
}

Interpreter::Flow Interpreter::visit(const SetBlock& node) {
  check_namespaces(node.target);
  enter(node.loads);
  Flow flow = Flow::next;
  const std::optional<std::string> text = captured(node.body, flow);
  if (text) assign(node.target, filtered(node.filter.get(), *text));
  return flow;
}

Interpreter::Flow Interpreter::visit(const FilterBlock& node) {
  enter(node.loads);
  Flow flow = Flow::next;
  const std::optional<std::string> text = captured(node.body, flow);
  if (text) print(to_text(filtered(node.filter.get(), *text), budget_));
  return flow;
}

Interpreter::Flow Interpreter::visit(const With& node) {
  enter(node.loads);
  for (std::size_t i = 0; i < node.targets.size(); ++i)
    assign(node.targets[i], evaluate(*node.values[i]));
  return run(node.body);
}

Interpreter::Flow Interpreter::visit(const MacroStatement& node) {
  assign(node.target, Value(Value::Data(std::make_shared<const Macro>(node.routine, now_))));
  return Flow::next;
}

Interpreter::Flow Interpreter::visit(const CallBlock& node) {
  const Value caller(Value::Data(std::make_shared<const Macro>(node.routine, now_)));
  const Value printed = node.call ? evaluate_call(*node.call, &caller) : call(caller, {});
  print(to_text(printed, budget_));
  return Flow::next;
}

}  // namespace tinyzero::jinja
