#include "core/text/jinja/tests.h"

#include <map>

#include "core/text/jinja/filters.h"
#include "core/text/jinja/loop.h"
#include "core/text/jinja/operators.h"
#include "core/text/jinja/python_text.h"

namespace tinyzero::jinja {
namespace {

// The operator of a test that compares; "" for another test.
std::string sign_of(const std::string& name) {
  if (name == "==" || name == "eq" || name == "equalto") return "==";
  if (name == "!=" || name == "ne") return "!=";
  if (name == ">" || name == "gt" || name == "greaterthan") return ">";
  if (name == ">=" || name == "ge") return ">=";
  if (name == "<" || name == "lt" || name == "lessthan") return "<";
  if (name == "<=" || name == "le") return "<=";
  return name == "in" ? "in" : "";
}

bool is_divisible(const Value& value, std::int64_t by) {
  const std::int64_t number = as_integer(value, "a number that is divided");
  if (by == 0) throw Error("division by zero");
  return by == -1 || number % by == 0;
}

bool is_sequence(const Value& value) {
  return value.is<Undefined>() || value.is_text() || value.dict() != nullptr ||
         (value.sequence() != nullptr && value.sequence()->kind != SequenceKind::view);
}

bool is_callable(const Value& value) {
  return value.is<Function>() || value.is<std::shared_ptr<const Method>>() ||
         value.is<std::shared_ptr<const Macro>>() || value.is<std::shared_ptr<Loop>>() ||
         value.is<Undefined>();
}

// islower and isupper.
bool has_case(const Value& value, Case which, Budget& budget) {
  const std::string text = to_text(value, budget);
  const std::string other = with_case(text, which == Case::lower ? Case::upper : Case::lower);
  return with_case(text, which) == text && other != text;
}

// Tests without arguments; null for another name.
using PlainTest = bool (*)(const Value&);
PlainTest plain_test(const std::string& name) {
  static const std::map<std::string, PlainTest> kTests = {
      {"defined", [](const Value& v) { return !v.is<Undefined>(); }},
      {"undefined", [](const Value& v) { return v.is<Undefined>(); }},
      {"none", [](const Value& v) { return v.is<None>(); }},
      {"boolean", [](const Value& v) { return v.is<bool>(); }},
      {"true", [](const Value& v) { return v.is<bool>() && v.get<bool>(); }},
      {"false", [](const Value& v) { return v.is<bool>() && !v.get<bool>(); }},
      {"integer", [](const Value& v) { return v.is<std::int64_t>(); }},
      {"float", [](const Value& v) { return v.is<double>(); }},
      {"number", is_number},
      {"string", [](const Value& v) { return v.is_text(); }},
      {"mapping", [](const Value& v) { return v.dict() != nullptr; }},
      {"sequence", is_sequence},
      {"iterable", [](const Value& v) { return is_iterable(v) || v.is<std::shared_ptr<Loop>>(); }},
      {"callable", is_callable},
      {"odd", [](const Value& v) { return !is_divisible(v, 2); }},
      {"even", [](const Value& v) { return is_divisible(v, 2); }}};
  const auto found = kTests.find(name);
  return found == kTests.end() ? nullptr : found->second;
}

}  // namespace

const std::set<std::string>& jinja_tests() {
  static const std::set<std::string> kNames = {
      "odd",    "even",     "divisibleby", "defined",     "undefined", "filter",   "test",
      "none",   "boolean",  "false",       "true",        "integer",   "float",    "lower",
      "upper",  "string",   "mapping",     "number",      "sequence",  "iterable", "callable",
      "sameas", "escaped",  "in",          "==",          "eq",        "equalto",  "!=",
      "ne",     ">",        "gt",          "greaterthan", "ge",        ">=",       "<",
      "lt",     "lessthan", "<=",          "le"};
  return kNames;
}

bool apply_test(const std::string& name, const Value& value, const CallArguments& given,
                Budget& budget) {
  if (value.is<Markup>()) unsupported("a test of a text marked as safe");
  ArgumentReader arguments(given, "the test \"" + name + "\"");
  const std::string sign = sign_of(name);
  if (!sign.empty()) {
    const Value& other = arguments.required(name == "in" ? "seq" : "b");
    arguments.finish();
    return compare(sign, value, other, budget);
  }
  if (name == "divisibleby") {
    const std::int64_t by = arguments.integer("num", 0);
    arguments.finish();
    return is_divisible(value, by);
  }
  if (name == "sameas") {
    const Value& other = arguments.required("other");
    arguments.finish();
    return same(value, other);
  }
  arguments.finish();
  if (name == "filter" && value.is_text()) return jinja_filters().contains(value.text());
  if (name == "test" && value.is_text()) return jinja_tests().contains(value.text());
  if (name == "lower") return has_case(value, Case::lower, budget);
  if (name == "upper") return has_case(value, Case::upper, budget);
  const PlainTest test = plain_test(name);
  if (test == nullptr) unsupported("the test \"" + name.substr(0, 40) + "\"");
  return test(value);
}

}  // namespace tinyzero::jinja
