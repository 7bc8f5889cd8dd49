// Names that a body reads although nothing in it has assigned them before.

#include <algorithm>

#include "core/text/jinja/scopes.h"

namespace tinyzero::jinja {
namespace {

// Walks in the order in which the text stands.
class Reader {
 public:
  explicit Reader(const std::vector<std::string>& wanted)
      : wanted_(wanted), read_(wanted.size(), false), gone_(wanted.size(), false) {}

  std::vector<bool> result() const { return read_; }

  void walk(const Body& body) {
    for (const Statement& statement : body)
      std::visit([&](const auto& node) { walk(*node); }, statement.node);
  }

 private:
  void walk(const ExpressionPtr& e) {
    if (!e) return;
    if (e->kind == Expression::Kind::name) mark(e->name, read_);
    for (const ExpressionPtr& child : e->children) walk(child);
    for (const ExpressionPtr& value : e->arguments.positional) walk(value);
    for (const auto& [name, value] : e->arguments.named) walk(value);
    walk(e->arguments.spread);
    walk(e->arguments.named_spread);
  }

  void walk(const Target& target) {
    if (target.kind == Target::Kind::name) mark(target.name, gone_);
    for (const Target& part : target.parts) walk(part);
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
    for (const Routine::Parameter& parameter : routine.parameters) mark(parameter.name, gone_);
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

  void mark(const std::string& name, std::vector<bool>& marks) {
    const auto found = std::find(wanted_.begin(), wanted_.end(), name);
    if (found == wanted_.end()) return;
    const std::size_t index = found - wanted_.begin();
    if (!gone_[index]) marks[index] = true;
  }

  const std::vector<std::string>& wanted_;
  std::vector<bool> read_, gone_;
};

}  // namespace

std::vector<bool> reads_names(const Body& body, const std::vector<std::string>& wanted) {
  Reader reader(wanted);
  reader.walk(body);
  return reader.result();
}

}  // namespace tinyzero::jinja
