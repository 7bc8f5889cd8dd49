#include "core/text/jinja/access.h"
#include "core/text/jinja/interpreter.h"
#include "core/text/jinja/loop.h"

namespace tinyzero::jinja {
namespace {

constexpr int kDeepestCalls = 500;  // of statements and expressions in each other
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
  // Macros hold the variables that hold them.
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

std::optional<Value>& Interpreter::slot(const Reference& reference) {
  Activation* activation = now_.get();
  for (int i = 0; i < reference.up; ++i) activation = activation->outer.get();
  return activation->slots[reference.slot];
}

void Interpreter::print(const std::string& text) {
  budget_.take(text.size());
  if (out_->size() + text.size() > kLongestOutput) throw Error("it prints more than 64 MiB");
  *out_ += text;
}

std::string Interpreter::captured(const Body& body, Flow& flow) {
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  flow = run(body);
  out_ = outer;
  return text;
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
  const bool sized = has_size(sequence) && !node.test;
  const std::int64_t length = sized ? size_of(sequence) : -1;
  const auto items = std::make_shared<Iterator>(
      sequence.is<std::shared_ptr<Iterator>>() ? Items{} : all_items(sequence, budget_));
  Iterator& source = sequence.is<std::shared_ptr<Iterator>>()
                         ? *sequence.get<std::shared_ptr<Iterator>>()
                         : *items;
  bool tested = false;
  const auto next = [&]() -> std::optional<Value> {
    if (node.test && !std::exchange(tested, true)) enter(node.test_loads);
    while (auto item = source.next()) {
      if (!node.test) return item;
      assign(node.test_target, *item);
      if (truth(evaluate(*node.test))) return item;
    }
    return std::nullopt;
  };
  const auto loop = std::make_shared<Loop>(next, length);
  bool whole = false;  // whether the body has run to its end once
  const std::size_t own = std::max(node.loop_slot, 0);
  Flow flow = Flow::next;
  while (flow != Flow::leave) {
    const std::optional<Value> item = node.loop_slot < 0 ? next() : loop->step();
    if (!item) break;
    enter(node.body_loads);
    if (node.loop_slot >= 0) now_->slots[own] = Value(Value::Data(loop));
    assign(node.target, *item);
    flow = run(node.body);
    whole = whole || flow == Flow::next;
  }
  if (node.loop_slot >= 0) now_->slots[own].reset();
  if (whole) return Flow::next;
  enter(node.otherwise_loads);
  return run(node.otherwise);
}

void Interpreter::check_namespaces(const Target& target) {
  for (const Target& part : target.parts) check_namespaces(part);
  if (target.kind != Target::Kind::attribute) return;
  const std::optional<Value>& holder = slot(target.reference);
  if (!holder || !holder->is<std::shared_ptr<Namespace>>())
    throw Error("an attribute of \"" + target.name + "\", which is no namespace, is set");
}

// A macro that outlives the function that defined it would find its variables gone.
void Interpreter::check_attribute(const std::string& name, const Value& value) {
  if (name.starts_with("_")) throw Error("a namespace with \"" + name.substr(0, 40) + "\"");
  if (has_macros(value)) unsupported("a macro in a namespace");
  Value::list({value});  // refuses what no container may hold
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (target.kind == Target::Kind::name) {
    slot(target.reference) = value;
    return;
  }
  if (target.kind == Target::Kind::attribute) {
    check_attribute(target.attribute, value);
    Namespace& space = *slot(target.reference)->get<std::shared_ptr<Namespace>>();
    if (Value* known = space.find(target.attribute)) *known = value;
    else space.attributes.emplace_back(target.attribute, value);
    budget_.spend(std::ssize(space.attributes));
    return;
  }
  const Items items = all_items(value, budget_);
  if (items.size() != target.parts.size())
    throw Error(std::to_string(items.size()) + " values for " +
                std::to_string(target.parts.size()) + " names");
  for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
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
  std::string text = captured(node.body, flow);
  if (flow != Flow::next) return flow;
  assign(node.target, filtered(node.filter.get(), std::move(text)));
  return Flow::next;
}

Interpreter::Flow Interpreter::visit(const FilterBlock& node) {
  enter(node.loads);
  Flow flow = Flow::next;
  std::string text = captured(node.body, flow);
  if (flow != Flow::next) return flow;
  print(to_text(filtered(node.filter.get(), std::move(text)), budget_));
  return Flow::next;
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
