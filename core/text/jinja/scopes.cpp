#include "core/text/jinja/scopes.h"

#include <set>

#include "core/text/jinja/filters.h"
#include "core/text/jinja/frame_names.h"
#include "core/text/jinja/line_error.h"
#include "core/text/jinja/tests.h"

namespace tinyzero::jinja {
namespace {

// Writes slots into the tree, frame by frame.
class Resolver {
 public:
  // What surrounds a statement.
  struct Surroundings {
    bool in_branch = false;  // an unknown filter fails only when it is reached
    bool in_for = false;     // anywhere inside a loop, where `loop` cannot be assigned
    int loops = 0;           // loops of this function, which break and continue can leave
  };

  void body(Body& body, const Scope& scope, Surroundings around) {
    for (Statement& statement : body) {
      line_ = statement.line;
      std::visit([&](auto& node) { visit(*node, scope, around); }, statement.node);
    }
  }

 private:
  void expression(ExpressionPtr& e, const Scope& scope, bool in_branch) {
    if (!e) return;
    if (e->kind == Expression::Kind::name) e->variable = find(e->name, scope);
    const bool is_filter = e->kind == Expression::Kind::filter;
    if ((is_filter || e->kind == Expression::Kind::test) && !in_branch)
      check_name(*e, is_filter ? jinja_filters() : jinja_tests());
    const bool inside = in_branch || e->kind == Expression::Kind::conditional;
    for (ExpressionPtr& child : e->children) expression(child, scope, inside);
    for (ExpressionPtr& value : e->arguments.positional) expression(value, scope, inside);
    for (auto& [name, value] : e->arguments.named) expression(value, scope, inside);
    expression(e->arguments.spread, scope, inside);
    expression(e->arguments.named_spread, scope, inside);
  }

  static void check_name(const Expression& e, const std::set<std::string>& known) {
    if (!known.contains(e.name))
      fail_at(e.line, "Jinja has no filter or test \"" + e.name.substr(0, 40) + "\"");
  }

  VariableSlot find(const std::string& name, const Scope& scope) const {
    const auto found = scope.find(name);
    if (!found) fail_at(line_, "\"" + name.substr(0, 40) + "\" in a filter of a set block");
    return {.up = scope.function() - found->function, .slot = found->slot};
  }

  void target(Target& target, const Scope& scope, bool in_for) const {
    if (target.kind == Target::Kind::tuple) {
      for (Target& element : target.elements) this->target(element, scope, in_for);
      return;
    }
    if (in_for && target.kind == Target::Kind::name && target.name == "loop")
      fail_at(line_, "\"loop\" cannot be assigned inside a loop");
    target.variable = find(target.name, scope);
  }

  void visit(Output& node, const Scope& scope, Surroundings around) {
    for (ExpressionPtr& piece : node.pieces) expression(piece, scope, around.in_branch);
  }

  void visit(If& node, const Scope& scope, Surroundings around) {
    around.in_branch = true;
    for (auto& [test, body] : node.branches) {
      expression(test, scope, true);
      this->body(body, scope, around);
    }
    body(node.otherwise, scope, around);
  }

  void visit(For& node, const Scope& scope, Surroundings around) {
    expression(node.sequence, scope, around.in_branch);
    Scope inside = scope.inner();
    if (reads_name(node.body, "loop")) node.loop_slot = inside.declare_parameter("loop");
    collect(node.target, As::parameter, inside);
    collect(node.body, inside);
    node.body_loads = inside.loads();
    target(node.target, inside, true);
    body(node.body, inside, {.in_for = true, .loops = around.loops + 1});
    if (node.test) loop_test(node, scope);
    Scope otherwise = scope.inner();
    collect(node.otherwise, otherwise);
    node.otherwise_loads = otherwise.loads();
    body(node.otherwise, otherwise, {.in_for = true, .loops = around.loops});
  }

  void loop_test(For& node, const Scope& scope) {
    Scope tested = scope.inner();
    collect(node.target, As::parameter, tested);
    collect(node.test, tested);
    node.test_loads = tested.loads();
    node.test_target = node.target;
    target(node.test_target, tested, true);
    expression(node.test, tested, false);
  }

  void visit(Set& node, const Scope& scope, Surroundings around) {
    expression(node.value, scope, around.in_branch);
    target(node.target, scope, around.in_for);
  }

  void visit(SetBlock& node, const Scope& scope, Surroundings around) {
    Scope inside = scope.inner();
    collect(node.body, inside);
    node.loads = inside.loads();
    body(node.body, inside, {.in_for = around.in_for, .loops = around.loops});
    expression(node.filter, inside, false);
    target(node.target, scope, around.in_for);
  }

  void visit(FilterBlock& node, const Scope& scope, Surroundings around) {
    Scope inside = scope.inner();
    collect(node.body, inside);
    collect(node.filter, inside);
    node.loads = inside.loads();
    body(node.body, inside, {.in_for = around.in_for, .loops = around.loops});
    expression(node.filter, inside, false);
  }

  void visit(With& node, const Scope& scope, Surroundings around) {
    for (ExpressionPtr& value : node.values) expression(value, scope, around.in_branch);
    Scope inside = scope.inner();
    for (const Target& to : node.targets) collect(to, As::parameter, inside);
    collect(node.body, inside);
    node.loads = inside.loads();
    for (Target& to : node.targets) target(to, inside, false);
    body(node.body, inside, {.in_for = around.in_for, .loops = around.loops});
  }

  void visit(MacroStatement& node, const Scope& scope, Surroundings around) {
    routine(*node.routine, scope, around);
    target(node.target, scope, false);
  }

  void visit(CallBlock& node, const Scope& scope, Surroundings around) {
    expression(node.call, scope, around.in_branch);
    routine(*node.routine, scope, around);
  }

  void visit(Break&, const Scope&, Surroundings around) { require_loop(around); }
  void visit(Continue&, const Scope&, Surroundings around) { require_loop(around); }
  void require_loop(Surroundings around) const {
    if (around.loops == 0) fail_at(line_, "break or continue outside a loop");
  }

  void routine(Routine& routine, const Scope& scope, Surroundings around) {
    Scope inside(&scope, routine.slots);
    std::set<std::string> own;
    for (Routine::Parameter& parameter : routine.parameters) {
      parameter.slot = inside.declare_parameter(parameter.name);
      own.insert(parameter.name);
      if (parameter.name == "caller" && !parameter.fallback)
        fail_at(line_, "a parameter \"caller\" without a default");
    }
    for (const Routine::Parameter& parameter : routine.parameters)
      collect(parameter.fallback, inside);
    collect(routine.body, inside);
    // The slot of an implicit variable, if the body reads it and no parameter has its name.
    const auto implicit = [&](const char* name) {
      const bool used = reads_name(routine.body, name) && !own.contains(name);
      return used ? inside.declare_parameter(name) : -1;
    };
    routine.caller_slot = implicit("caller");
    routine.named_slot = implicit("kwargs");
    routine.positional_slot = implicit("varargs");
    routine.loads = inside.loads();
    for (Routine::Parameter& parameter : routine.parameters)
      expression(parameter.fallback, inside, false);
    body(routine.body, inside, {.in_for = around.in_for});
  }

  int line_ = 1;  // of the statement being resolved
};

}  // namespace

void resolve_names(Program& program) {
  if (reads_name(program.body, "self")) throw Error("\"self\" in a chat template is not supported");
  Scope scope(nullptr, program.slots);
  collect(program.body, scope);
  program.loads = scope.loads();
  Resolver().body(program.body, scope, {});
}

}  // namespace tinyzero::jinja
