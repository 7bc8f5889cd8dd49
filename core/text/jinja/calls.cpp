// Calls of macros, methods and globals.

#include <locale.h>
#include <time.h>

#include <algorithm>

#include "core/text/jinja/interpreter.h"
#include "core/text/jinja/loop.h"
#include "core/text/jinja/methods.h"

namespace tinyzero::jinja {
namespace {

constexpr std::int64_t kLargestRange = 100'000;  // the limit of Jinja's sandbox

const std::pair<const char*, Function> kGlobals[] = {{"range", Function::range},
                                                     {"dict", Function::dict},
                                                     {"namespace", Function::name_space},
                                                     {"raise_exception", Function::raise_exception},
                                                     {"strftime_now", Function::strftime_now},
                                                     {"cycler", Function::unsupported},
                                                     {"joiner", Function::unsupported},
                                                     {"lipsum", Function::unsupported}};

Value make_range(const CallArguments& arguments, Budget& budget) {
  const std::size_t count = arguments.positional.size();
  if (!arguments.named.empty() || count < 1 || count > 3)
    throw Error("range() takes 1 to 3 numbers");
  const auto number = [&](std::size_t i) { return as_integer(arguments.positional[i], "a range"); };
  const std::int64_t start = count == 1 ? 0 : number(0);
  const std::int64_t stop = number(count == 1 ? 0 : 1);
  const std::int64_t step = count == 3 ? number(2) : 1;
  if (step == 0) throw Error("range() with a step of 0");
  Items items;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (std::ssize(items) == kLargestRange) throw Error("range() of more than 100,000 numbers");
    items.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  budget.spend(std::ssize(items));
  return Value::sequence(SequenceKind::range, std::move(items));
}

[[noreturn]] void raise(const CallArguments& arguments, Budget& budget) {
  ArgumentReader reader(arguments, "raise_exception()");
  const std::string text = to_text(reader.required("message"), budget).substr(0, 400);
  throw Error("it refuses the conversation: " + text);
}

// Refuses directives whose result depends on the system or the locale.
void check_time_format(const std::string& format) {
  static constexpr std::string_view kLetters = "aAbBdeHIjmMpSyY%DFTR";
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const bool bare = i + 1 < format.size() && format[i + 1] == '-';
    i += bare ? 2 : 1;
    if (i >= format.size() || kLetters.find(format[i]) == std::string_view::npos)
      unsupported("the time format \"" + format.substr(0, 80) + "\"");
  }
}

// Assigns the arguments of a call to the parameters of a macro.
class Binder {
 public:
  Binder(const Routine& routine, CallArguments arguments, Activation& frame)
      : routine_(routine), arguments_(std::move(arguments)), frame_(frame) {}

  void bind(Budget& budget) {
    const std::size_t count = routine_.parameters.size();
    const std::size_t given = std::min(count, arguments_.positional.size());
    bool has_caller = false;
    for (std::size_t i = 0; i < count; ++i) {
      const Routine::Parameter& parameter = routine_.parameters[i];
      slot(parameter.slot) =
          i < given ? std::optional(arguments_.positional[i]) : take(parameter.name);
      has_caller = has_caller || parameter.name == "caller";
    }
    if (!has_caller) bind_caller();
    bind_named(budget);
    const Value* const positional = arguments_.positional.data();
    Items extra(positional + given, positional + arguments_.positional.size());
    if (routine_.positional_slot < 0 && !extra.empty())
      fail("takes at most " + std::to_string(count) + " arguments");
    if (routine_.positional_slot >= 0)
      slot(routine_.positional_slot) = Value::tuple(std::move(extra));
  }

 private:
  std::optional<Value>& slot(int index) { return frame_.slots[index]; }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error("the macro \"" + routine_.name.substr(0, 40) + "\" " + what);
  }

  // Removes a named argument and returns it.
  std::optional<Value> take(const std::string& name) {
    auto& named = arguments_.named;
    const auto found = std::find_if(named.begin(), named.end(),
                                    [&](const auto& one) { return one.first == name; });
    if (found == named.end()) return std::nullopt;
    std::optional<Value> value = std::move(found->second);
    named.erase(found);
    return value;
  }

  void bind_caller() {
    if (routine_.caller_slot < 0) return;
    std::optional<Value> caller = take("caller");
    if (!caller || caller->is<None>()) caller = Value::undefined("no caller is defined");
    slot(routine_.caller_slot) = std::move(caller);
  }

  void bind_named(Budget& budget) {
    const auto& named = arguments_.named;
    if (routine_.named_slot < 0 && !named.empty())
      fail("takes no argument \"" + named[0].first.substr(0, 40) + "\"");
    if (routine_.named_slot < 0) return;
    Entries entries;
    for (const auto& [name, value] : named) entries.emplace_back(Value::text(name), value);
    slot(routine_.named_slot) = Value::dict(entries, budget);
  }

  const Routine& routine_;
  CallArguments arguments_;
  Activation& frame_;
};

}  // namespace

Value Interpreter::resolve(const std::string& name) const {
  const auto found = context_.variables.find(name);
  if (found != context_.variables.end()) return found->second;
  const auto unknown = context_.unknown.find(name);
  if (unknown != context_.unknown.end()) throw Error(unknown->second);
  for (const auto& [global, function] : kGlobals) {
    if (name == global) return Value(Value::Data(function));
  }
  return Value::undefined("\"" + name + "\" is undefined");
}

Value Interpreter::call(const Value& callee, CallArguments arguments) {
  const Nesting nesting(*this);
  if (callee.is<std::shared_ptr<const Macro>>())
    return call_macro(*callee.get<std::shared_ptr<const Macro>>(), std::move(arguments));
  if (callee.is<std::shared_ptr<const Method>>())
    return call_method(*callee.get<std::shared_ptr<const Method>>(), arguments, budget_);
  if (callee.is<Function>()) return call_function(callee.get<Function>(), arguments);
  if (callee.is<Undefined>() && callee.get<Undefined>().why)
    throw Error(*callee.get<Undefined>().why);
  throw Error(std::string("a call of a ") + callee.type());
}

Value Interpreter::call_function(Function function, const CallArguments& arguments) {
  switch (function) {
    case Function::range: return make_range(arguments, budget_);
    case Function::dict: return make_dict(arguments);
    case Function::name_space: return make_namespace(arguments);
    case Function::raise_exception: raise(arguments, budget_);
    case Function::strftime_now: return formatted_time(arguments);
    case Function::unsupported: break;
  }
  unsupported("a cycler, joiner or lipsum");
}

Value Interpreter::make_dict(const CallArguments& arguments) {
  if (arguments.positional.size() > 1) throw Error("dict() of several values");
  Entries entries;
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    if (from.dict() != nullptr) {
      entries = from.dict()->entries;
    } else {
      for (const Value& pair : all_items(from, budget_)) {
        const Items both = all_items(pair, budget_);
        if (both.size() != 2) throw Error("dict() of something other than pairs");
        entries.emplace_back(both[0], both[1]);
      }
    }
  }
  for (const auto& [name, value] : arguments.named) entries.emplace_back(Value::text(name), value);
  return Value::dict(entries, budget_);
}

Value Interpreter::make_namespace(const CallArguments& arguments) {
  const Value entries = make_dict(arguments);
  auto space = std::make_shared<Namespace>();
  for (const auto& [key, value] : entries.dict()->entries) {
    if (!key.is_text()) unsupported("a namespace with names that are not texts");
    check_attribute(key.text(), value);
    space->attributes.emplace_back(key.text(), value);
  }
  return Value(Value::Data(std::move(space)));
}

Value Interpreter::formatted_time(const CallArguments& arguments) const {
  ArgumentReader reader(arguments, "strftime_now()");
  const std::string& format = reader.text("format");
  reader.finish();
  check_time_format(format);
  if (format.empty()) return Value::text("");
  static const locale_t kEnglish = ::newlocale(LC_ALL_MASK, "C", nullptr);
  std::string out(format.size() * 16 + 64, '\0');
  out.resize(::strftime_l(out.data(), out.size(), format.c_str(), &context_.now, kEnglish));
  return Value::text(std::move(out));
}

Value Interpreter::call_macro(const Macro& macro, CallArguments arguments) {
  const auto frame = std::make_shared<Activation>();
  frame->outer = macro.around();
  frame->slots.resize(macro.routine().slots);
  Binder(macro.routine(), std::move(arguments), *frame).bind(budget_);
  return run_macro(macro.routine(), frame);
}

Value Interpreter::run_macro(const Routine& routine, const std::shared_ptr<Activation>& frame) {
  const Nesting nesting(*this);
  std::string text;
  std::string* const outer_text = std::exchange(out_, &text);
  const std::shared_ptr<Activation> outer = std::exchange(now_, frame);
  const int line = line_;
  // Macros defined in this frame own it: clearing its slots breaks the cycle.
  struct Release {
    Activation& frame;
    ~Release() { frame.slots.clear(); }
  } const release{*frame};
  enter(routine.loads);
  set_defaults(routine);
  run(routine.body);
  line_ = line;
  out_ = outer_text;
  now_ = outer;
  return Value::text(std::move(text));
}

void Interpreter::set_defaults(const Routine& routine) {
  for (const Routine::Parameter& parameter : routine.parameters) {
    const VariableSlot variable{.slot = parameter.slot};
    if (slot(variable)) continue;
    Value value =
        parameter.fallback
            ? evaluate(*parameter.fallback)
            : Value::undefined("the parameter \"" + parameter.name + "\" was not provided");
    slot(variable) = std::move(value);
  }
}

}  // namespace tinyzero::jinja
