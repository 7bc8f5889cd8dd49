// A template as a tree, and where its variables are.
//
// Variables have slots in the function that they belong to: the template itself, a macro, or the
// body of a call block. Frames inside a function (a loop's body, a block that is set …) have slots
// of their own, which are filled anew each time the frame is entered.
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
  ExpressionPtr spread, named_spread;  // *args and **kwargs; null: none
};

// A variable: its function, counted outwards from the one that is running, and its slot.
struct Reference {
  int up = 0;
  int slot = -1;
};

struct Expression {
  enum class Kind {
    constant,
    name,
    tuple,
    list,
    dict,        // children: key, value, key, value …
    attribute,   // of children[0]
    item,        // children: object, key
    slice,       // children: object, start, stop, step; the last three may be null
    call,        // of children[0]
    filter,      // of children[0]; null in a filter block: its text
    test,        // of children[0]
    unary,       // by name: "-", "+" or "not"
    binary,      // by name, "and" and "or" included
    compare,     // children in a row; `names` between them
    concat,      // ~
    conditional  // children: condition, value, other value; the last may be null
  };

  Kind kind;
  int line = 0;
  int depth = 1;  // of nesting
  std::string name;
  std::vector<std::string> names;
  Value value;
  std::vector<ExpressionPtr> children;
  Arguments arguments;
  Reference reference;
};

// What is assigned to: a name, an attribute of a namespace, or several of these.
struct Target {
  enum class Kind { name, attribute, tuple };
  Kind kind = Kind::name;
  std::string name, attribute;
  std::vector<Target> parts;
  Reference reference;
};

// How a slot gets its value when its frame is entered.
struct Load {
  enum class How { context, alias, missing };
  int slot;
  How how;
  std::string name;    // of a context variable
  Reference original;  // of an alias
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
  ExpressionPtr sequence, test;  // the test may be null
  Body body, otherwise;
  Loads body_loads, test_loads, otherwise_loads;
  Target test_target;  // the same names, in the frame of the test
  int loop_slot = -1;  // of the variable `loop`; -1: it is not used
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

// What a macro or the body of a call block is made of.
struct Routine {
  struct Parameter {
    std::string name;
    int slot = -1;
    ExpressionPtr fallback;  // null: none
  };
  std::string name;
  std::vector<Parameter> parameters;
  Body body;
  Loads loads;
  int slots = 0;  // of its variables
  int caller_slot = -1, named_slot = -1,
      positional_slot = -1;  // caller, kwargs, varargs; -1: unused
};
struct MacroStatement {
  std::shared_ptr<Routine> routine;
  Target target;
};
struct CallBlock {
  std::shared_ptr<Routine> routine;
  ExpressionPtr call;  // null: the block {% generation %}, which prints its body
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
