#include "core/text/jinja/scopes.h"

#include <set>

#include "core/text/jinja/filters.h"
#include "core/text/jinja/frame_names.h"
#include "core/text/jinja/lexer.h"

namespace tinyzero::jinja {
namespace {

// Writes slots into the tree, frame by frame.
class Resolver {
 public:
  // What matters of the place where a statement stands.
  struct Place {
    bool in_branch = false;  // a filter that Jinja does not know fails only where it is reached
    bool in_for = false;     // anywhere inside a loop: `loop` cannot be assigned
    int loops = 0;           // of this function, that break and continue can leave
  };

  void body(Body& body, const Scope& scope, Place place) {
    for (Statement& statement : body) {
      line_ = statement.line;
      std::visit([&](auto& node) { visit(*node, scope, place); }, statement.node);
    }
  }

 private:
  void expression(ExpressionPtr& e, const Scope& scope, bool in_branch) {
    if (!e) return;
    if (e->kind == Expression::Kind::name) e->reference = reference(e->name, scope);
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

  Reference reference(const std::string& name, const Scope& scope) const {
    const auto found = scope.find(name);
    if (!found) fail_at(line_, "\"" + name.substr(0, 40) + "\" in a filter of a set block");
    return {scope.function() - found->function, found->slot};
  }

  void target(Target& target, const Scope& scope, bool in_for) const {
    if (target.kind == Target::Kind::tuple) {
      for (Target& part : target.parts) this->target(part, scope, in_for);
      return;
    }
    if (in_for && target.kind == Target::Kind::name && target.name == "loop")
      fail_at(line_, "\"loop\" cannot be assigned to inside of a loop");
    target.reference = reference(target.name, scope);
  }

  void visit(Output& node, const Scope& scope, Place place) {
    for (ExpressionPtr& piece : node.pieces) expression(piece, scope, place.in_branch);
  }

  void visit(If& node, const Scope& scope, Place place) {
    place.in_branch = true;
    for (auto& [test, body] : node.branches) {
      expression(test, scope, true);
      this->body(body, scope, place);
    }
    body(node.otherwise, scope, place);
  }

  void visit(For& node, const Scope& scope, Place place) {
    expression(node.sequence, scope, place.in_branch);
    Scope inside = scope.inner();
    if (reads_names(node.body, {"loop"})[0]) node.loop_slot = inside.declare_parameter("loop");
    collect(node.target, As::parameter, inside);
    collect(node.body, inside);
    node.body_loads = inside.loads();
    target(node.target, inside, true);
    body(node.body, inside, {false, true, place.loops + 1});
    if (node.test) {
      Scope tested = scope.inner();
      collect(node.target, As::parameter, tested);
      collect(node.test, tested);
      node.test_loads = tested.loads();
      node.test_target = node.target;
      target(node.test_target, tested, true);
      expression(node.test, tested, false);
    }
    Scope otherwise = scope.inner();
    collect(node.otherwise, otherwise);
    node.otherwise_loads = otherwise.loads();
    body(node.otherwise, otherwise, {false, true, place.loops});
  }

  void visit(Set& node, const Scope& scope, Place place) {
    expression(node.value, scope, place.in_branch);
    target(node.target, scope, place.in_for);
  }

  void visit(SetBlock& node, const Scope& scope, Place place) {
    Scope inside = scope.inner();
    collect(node.body, inside);
    node.loads = inside.loads();
    body(node.body, inside, {false, place.in_for, place.loops});
    expression(node.filter, inside, false);
    target(node.target, scope, place.in_for);
  }

  void visit(FilterBlock& node, const Scope& scope, Place place) {
    Scope inside = scope.inner();
    collect(node.body, inside);
    collect(node.filter, inside);
    node.loads = inside.loads();
    body(node.body, inside, {false, place.in_for, place.loops});
    expression(node.filter, inside, false);
  }

  void visit(With& node, const Scope& scope, Place place) {
    for (ExpressionPtr& value : node.values) expression(value, scope, place.in_branch);
    Scope inside = scope.inner();
    for (const Target& to : node.targets) collect(to, As::parameter, inside);
    collect(node.body, inside);
    node.loads = inside.loads();
    for (Target& to : node.targets) target(to, inside, false);
    body(node.body, inside, {false, place.in_for, place.loops});
  }

  void visit(MacroStatement& node, const Scope& scope, Place place) {
    routine(*node.routine, scope, place);
    target(node.target, scope, false);
  }

  void visit(CallBlock& node, const Scope& scope, Place place) {
    expression(node.call, scope, place.in_branch);
    routine(*node.routine, scope, place);
  }

  void visit(Break&, const Scope&, Place place) { require_loop(place); }
  void visit(Continue&, const Scope&, Place place) { require_loop(place); }
  void require_loop(Place place) const {
    if (place.loops == 0) fail_at(line_, "break or continue outside of a loop");
  }

  void routine(Routine& routine, const Scope& scope, Place place) {
    Scope inside(&scope, routine.slots);
    bool own_caller = false, own_named = false, own_positional = false;
    for (Routine::Parameter& parameter : routine.parameters) {
      parameter.slot = inside.declare_parameter(parameter.name);
      own_caller = own_caller || parameter.name == "caller";
      own_named = own_named || parameter.name == "kwargs";
      own_positional = own_positional || parameter.name == "varargs";
      if (parameter.name == "caller" && !parameter.fallback)
        fail_at(line_, "a parameter \"caller\" without a default");
    }
    for (const Routine::Parameter& parameter : routine.parameters)
      collect(parameter.fallback, inside);
    collect(routine.body, inside);
    const auto read = reads_names(routine.body, {"caller", "kwargs", "varargs"});
    if (read[0] && !own_caller) routine.caller_slot = inside.declare_parameter("caller");
    if (read[1] && !own_named) routine.named_slot = inside.declare_parameter("kwargs");
    if (read[2] && !own_positional) routine.positional_slot = inside.declare_parameter("varargs");
    routine.loads = inside.loads();
    for (Routine::Parameter& parameter : routine.parameters)
      expression(parameter.fallback, inside, false);
    body(routine.body, inside, {false, place.in_for, 0});
  }

  int line_ = 1;  // of the statement that is being resolved
};

}  // namespace

void resolve_names(Program& program) {
  if (reads_names(program.body, {"self"})[0])
    throw Error("\"self\" in a chat template is not supported");
  Scope scope(nullptr, program.slots);
  collect(program.body, scope);
  program.loads = scope.loads();
  Resolver().body(program.body, scope, {});
}

}  // namespace tinyzero::jinja
