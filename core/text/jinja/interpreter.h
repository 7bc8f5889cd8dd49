// Running a template.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/text/jinja/arguments.h"
#include "core/text/jinja/context.h"
#include "core/text/jinja/syntax.h"

namespace tinyzero::jinja {

// The variables of a running function, and of the functions around it.
struct Activation {
  std::vector<std::optional<Value>> slots;  // nothing where a variable is missing
  std::shared_ptr<Activation> outer;
};

class Macro {
 public:
  Macro(std::shared_ptr<const Routine> routine, std::shared_ptr<Activation> around)
      : routine_(std::move(routine)), around_(std::move(around)) {}
  const Routine& routine() const { return *routine_; }
  const std::shared_ptr<Activation>& around() const { return around_; }

 private:
  std::shared_ptr<const Routine> routine_;
  std::shared_ptr<Activation> around_;  // the function that defined it
};

class Interpreter {
 public:
  explicit Interpreter(const Context& context) : context_(context) {}

  std::string run(const Program& program);
  // The line of the running statement.
  int line() const { return line_; }

 private:
  // How the surrounding loop continues after a statement.
  enum class Flow { next, leave, again };

  // Counts nesting during its lifetime.
  class Nesting {
   public:
    explicit Nesting(Interpreter& interpreter);
    ~Nesting() { --depth_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    int& depth_;
  };

  // Statements.
  Flow run(const Body& body);
  Flow visit(const Output& node);
  Flow visit(const If& node);
  Flow visit(const For& node);
  Flow visit(const Set& node);
  Flow visit(const SetBlock& node);
  Flow visit(const FilterBlock& node);
  Flow visit(const With& node);
  Flow visit(const MacroStatement& node);
  Flow visit(const CallBlock& node);
  Flow visit(const Break&) { return Flow::leave; }
  Flow visit(const Continue&) { return Flow::again; }
  // Sets the slots of a frame that is entered.
  void enter(const Loads& loads);
  void assign(const Target& target, const Value& value);
  void check_namespaces(const Target& target);
  static void check_attribute(const std::string& name, const Value& value);
  void print(const std::string& text);
  // Runs a loop. Returns how often its body ran to its end.
  std::int64_t run_loop(const For& node, const Value& sequence);
  // The text that `body` prints, or nothing if it leaves the surrounding loop as `flow` says.
  std::optional<std::string> captured(const Body& body, Flow& flow);

  // Expressions.
  Value evaluate(const Expression& e);
  Value evaluate_name(const Expression& e);
  Value evaluate_item(const Expression& e);
  Value evaluate_test(const Expression& e);
  Value evaluate_unary(const Expression& e);
  Value evaluate_conditional(const Expression& e);
  Value evaluate_compare(const Expression& e);
  Value evaluate_slice(const Expression& e);
  Value evaluate_dict(const Expression& e);
  Value evaluate_concat(const Expression& e);
  Value evaluate_binary(const Expression& e);
  Value evaluate_call(const Expression& e, const Value* caller);
  Value evaluate_filter(const Expression& e);
  Items evaluate_all(const std::vector<ExpressionPtr>& expressions);
  CallArguments evaluate_arguments(const Arguments& arguments);
  // The text of a block after its filter, which may be null.
  Value filtered(const Expression* filter, std::string text);

  // Calls.
  Value call(const Value& callee, CallArguments arguments);
  Value call_macro(const Macro& macro, CallArguments arguments);
  Value run_macro(const Routine& routine, const std::shared_ptr<Activation>& frame);
  void set_defaults(const Routine& routine);
  Value call_function(Function function, const CallArguments& arguments);
  Value make_dict(const CallArguments& arguments);
  Value make_namespace(const CallArguments& arguments);
  Value formatted_time(const CallArguments& arguments) const;

  std::optional<Value>& slot(const VariableSlot& variable);
  Value resolve(const std::string& name) const;

  const Context& context_;
  Budget budget_;
  std::shared_ptr<Activation> now_;  // of the running function
  std::string* out_ = nullptr;
  const std::string* block_text_ = nullptr;  // the text that a block's filter applies to
  int line_ = 1;
  int depth_ = 0;
};

}  // namespace tinyzero::jinja
