// Whether a body reads a name before assigning it.

#include "core/text/jinja/scopes.h"

namespace tinyzero::jinja {
namespace {

// Walks in the order of the text.
class Reader {
 public:
  explicit Reader(const std::string& wanted) : wanted_(wanted) {}

  bool found() const { return found_; }

  void walk(const Body& body) {
    for (const Statement& statement : body)
      std::visit([&](const auto& node) { walk(*node); }, statement.node);
  }

 private:
  void walk(const ExpressionPtr& e) {
    if (!e) return;
    if (e->kind == Expression::Kind::name) read(e->name);
    for (const ExpressionPtr& child : e->children) walk(child);
    for (const ExpressionPtr& value : e->arguments.positional) walk(value);
    for (const auto& [name, value] : e->arguments.named) walk(value);
    walk(e->arguments.spread);
    walk(e->arguments.named_spread);
  }

  void walk(const Target& target) {
    if (target.kind == Target::Kind::name) assign(target.name);
    for (const Target& element : target.elements) walk(element);
  }

  void walk(const Output& node) {
    for (const ExpressionPtr& piece : node.pieces) walk(piece);
  }
  void walk(const If& node) {
    for (const auto& [test, body] : node.branches) {
      walk(test);
      walk(body);
    }
    walk(node.otherwise);
  }
  void walk(const For& node) {
    walk(node.target);
    walk(node.sequence);
    walk(node.body);
    walk(node.otherwise);
    walk(node.test);
  }
  void walk(const Set& node) {
    walk(node.target);
    walk(node.value);
  }
  void walk(const SetBlock& node) {
    walk(node.target);
    walk(node.filter);
    walk(node.body);
  }
  void walk(const FilterBlock& node) {
    walk(node.body);
    walk(node.filter);
  }
  void walk(const With& node) {
    for (const Target& target : node.targets) walk(target);
    for (const ExpressionPtr& value : node.values) walk(value);
    walk(node.body);
  }
  void walk(const Routine& routine) {
    for (const Routine::Parameter& parameter : routine.parameters) assign(parameter.name);
    for (const Routine::Parameter& parameter : routine.parameters) walk(parameter.fallback);
    walk(routine.body);
  }
  void walk(const MacroStatement& node) { walk(*node.routine); }
  void walk(const CallBlock& node) {
    walk(node.call);
    walk(*node.routine);
  }
  void walk(const Break&) {}
  void walk(const Continue&) {}

  void read(const std::string& name) { found_ = found_ || (name == wanted_ && !assigned_); }
  void assign(const std::string& name) { assigned_ = assigned_ || name == wanted_; }

  const std::string& wanted_;
  bool found_ = false;
  bool assigned_ = false;
};

}  // namespace

bool reads_name(const Body& body, const std::string& name) {
  Reader reader(name);
  reader.walk(body);
  return reader.found();
}

}  // namespace tinyzero::jinja
