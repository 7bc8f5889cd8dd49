// A template as a tree, and where its variables are.
//
// A variable has a slot in its function: the template itself, a macro, or the body of a call block.
// Frames inside a function (a loop's body, a set block …) have slots of their own, which are filled
// anew each time the frame is entered.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/text/jinja/value.h"

namespace tinyzero::jinja {

struct Expression;

using ExpressionPtr = std::unique_ptr<Expression>;

struct Arguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr spread;        // *args; may be null
  ExpressionPtr named_spread;  // **kwargs; may be null
};

// The location of a variable.
struct VariableSlot {
  int up = 0;  // functions outwards from the running one
  int slot = -1;
};

struct Expression {
  enum class Kind {
    constant,
    name,
    tuple,
    list,
    dict,        // children: key, value, key, value …
    attribute,   // `name` of children[0]
    item,        // children: object, key
    slice,       // children: object, start, stop, step; the last three may be null
    call,        // children: callee
    filter,      // children: value; null for the text of a filter block
    test,        // children: value
    unary,       // `name` is "-", "+" or "not"
    binary,      // `name` is the operator, including "and" and "or"
    compare,     // children: operands; `names` are the operators between them
    concat,      // children: operands of ~
    conditional  // children: condition, value, other value; the last may be null
  };

  Kind kind;
  int line = 0;
  int depth = 1;  // levels of nesting, itself included
  std::string name;
  std::vector<std::string> names;
  Value value;
  std::vector<ExpressionPtr> children;
  Arguments arguments;
  VariableSlot variable;
};

// The left side of an assignment: a name, an attribute of a namespace, or several of these.
struct Target {
  enum class Kind { name, attribute, tuple };
  Kind kind = Kind::name;
  std::string name;
  std::string attribute;
  std::vector<Target> elements;  // of a tuple
  VariableSlot variable;
};

// How a slot gets its value when its frame is entered: from the context, as an alias of another
// variable, or not at all.
struct Load {
  enum class How { context, alias, missing };
  int slot;
  How how;
  std::string name = {};       // in the context
  VariableSlot original = {};  // of an alias
};
using Loads = std::vector<Load>;

struct Statement;

using Body = std::vector<Statement>;

struct Output {
  std::vector<ExpressionPtr> pieces;
};
struct If {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct For {
  Target target;
  ExpressionPtr sequence;
  ExpressionPtr test;  // may be null
  Body body;
  Body otherwise;
  Loads body_loads;
  Loads test_loads;
  Loads otherwise_loads;
  Target test_target;  // the same names, in the frame of the test
  int loop_slot = -1;  // slot of the variable `loop`; -1 if it is not used
};
struct Set {
  Target target;
  ExpressionPtr value;
};
struct SetBlock {
  Target target;
  ExpressionPtr filter;  // may be null
  Body body;
  Loads loads;
};
struct FilterBlock {
  ExpressionPtr filter;
  Body body;
  Loads loads;
};
struct With {
  std::vector<Target> targets;
  std::vector<ExpressionPtr> values;
  Body body;
  Loads loads;
};

// A macro or the body of a call block.
struct Routine {
  struct Parameter {
    std::string name;
    int slot = -1;
    ExpressionPtr fallback = nullptr;  // the default; may be null
  };
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  Loads loads;
  int slots = 0;             // number of variables
  int caller_slot = -1;      // slot of `caller`; -1 if it is not used
  int named_slot = -1;       // slot of `kwargs`; -1 if it is not used
  int positional_slot = -1;  // slot of `varargs`; -1 if it is not used
};
struct MacroStatement {
  std::shared_ptr<Routine> routine;
  Target target;
};
struct CallBlock {
  std::shared_ptr<Routine> routine;
  ExpressionPtr call;  // null for the block {% generation %}, which prints its body
};
struct Break {};
struct Continue {};

template <class... Nodes>
using OneOf = std::variant<std::unique_ptr<Nodes>...>;

struct Statement {
  int line;
  OneOf<Output, If, For, Set, SetBlock, FilterBlock, With, MacroStatement, CallBlock, Break,
        Continue>
      node;

  template <class Node>
  Statement(int at, Node what) : line(at), node(std::make_unique<Node>(std::move(what))) {}
};

struct Program {
  Body body;
  Loads loads;
  int slots = 0;
};

}  // namespace tinyzero::jinja
