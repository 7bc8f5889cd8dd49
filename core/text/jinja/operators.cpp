#include "core/text/jinja/operators.h"

#include <algorithm>
#include <cmath>

#include "core/text/jinja/loop.h"
#include "core/text/jinja/python_text.h"

namespace tinyzero::jinja {
namespace {

[[noreturn]] void no_operator(const std::string& sign, const Value& a, const Value& b) {
  for (const Value* side : {&a, &b}) {
    if (side->is<Undefined>() && side->get<Undefined>().why)
      throw Error(*side->get<Undefined>().why);
  }
  throw Error("\"" + sign + "\" of " + a.type() + " and " + b.type());
}

// The result of a compiler builtin that tells whether it overflows.
template <class Operation>
Value exact(const Operation& operation) {
  std::int64_t result = 0;
  if (operation(&result)) unsupported("an integer of more than 64 bits");
  return Value::integer(result);
}

Value integer_result(const std::string& sign, std::int64_t a, std::int64_t b);

Value divided(const std::string& sign, std::int64_t a, std::int64_t b) {
  if (b == 0) throw Error("division by zero");
  if (b == -1) return sign == "//" ? integer_result("-", 0, a) : Value::integer(0);
  std::int64_t quotient = a / b;
  if (a % b != 0 && (a < 0) != (b < 0)) --quotient;  // towards minus infinity
  return Value::integer(sign == "//" ? quotient : a - quotient * b);
}

Value integer_power(std::int64_t base, std::int64_t exponent) {
  if (exponent < 0 || exponent > 63) unsupported("a power with this exponent");
  return exact([&](std::int64_t* out) {
    bool overflows = false;
    *out = 1;
    for (std::int64_t i = 0; i < exponent; ++i)
      overflows = __builtin_mul_overflow(*out, base, out) || overflows;
    return overflows;
  });
}

Value integer_result(const std::string& sign, std::int64_t a, std::int64_t b) {
  if (sign == "+") return exact([&](auto* out) { return __builtin_add_overflow(a, b, out); });
  if (sign == "-") return exact([&](auto* out) { return __builtin_sub_overflow(a, b, out); });
  if (sign == "*") return exact([&](auto* out) { return __builtin_mul_overflow(a, b, out); });
  if (sign == "**") return integer_power(a, b);
  if (sign != "/") return divided(sign, a, b);
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  if (b == 0) throw Error("division by zero");
  if (a > kExact || a < -kExact || b > kExact || b < -kExact)
    unsupported("a quotient of large integers");
  return Value::number(static_cast<double>(a) / static_cast<double>(b));
}

Value float_result(const std::string& sign, double a, double b) {
  if (sign == "+") return Value::number(a + b);
  if (sign == "-") return Value::number(a - b);
  if (sign == "*") return Value::number(a * b);
  if (sign != "/") unsupported("\"" + sign + "\" of floats");
  if (b == 0) throw Error("division by zero");
  return Value::number(a / b);
}

Value repeated(const Value& value, std::int64_t times, Budget& budget) {
  times = std::max<std::int64_t>(times, 0);
  const std::int64_t one =
      value.is_text() ? value.text().size() : kItemBytes * value.sequence()->items.size();
  if (one > 0 && times > (std::int64_t{1} << 40) / one)
    unsupported("a text or list of this length");
  budget.take(one * times);
  budget.spend(one > 0 ? times : 1);
  std::string text;
  Items items;
  for (std::int64_t i = 0; i < times && one > 0; ++i) {
    if (value.is_text()) text += value.text();
    else items.insert(items.end(), value.sequence()->items.begin(), value.sequence()->items.end());
  }
  return value.is_text() ? Value::text(std::move(text))
                         : Value::sequence(value.sequence()->kind, std::move(items));
}

bool is_list_or_tuple(const Value& value) {
  return value.sequence() != nullptr && value.sequence()->is_list_or_tuple();
}

Value sum(const Value& a, const Value& b, Budget& budget) {
  if (a.is_text() && b.is_text()) {
    budget.take(a.text().size() + b.text().size());
    return Value::text(a.text() + b.text());
  }
  if (!is_list_or_tuple(a) || !is_list_or_tuple(b) || a.sequence()->kind != b.sequence()->kind)
    no_operator("+", a, b);
  Items items = all_items(a, budget);
  for (Value& item : all_items(b, budget)) items.push_back(std::move(item));
  return Value::sequence(a.sequence()->kind, std::move(items));
}

}  // namespace

Value binary(const std::string& sign, const Value& a, const Value& b, Budget& budget) {
  if (is_number(a) && is_number(b)) {
    if (a.is<double>() || b.is<double>()) return float_result(sign, as_number(a), as_number(b));
    return integer_result(sign, as_integer(a, ""), as_integer(b, ""));
  }
  if (a.is<Markup>() || b.is<Markup>()) unsupported("\"" + sign + "\" of a text marked as safe");
  if (sign == "+") return sum(a, b, budget);
  if (sign == "%" && a.is_text()) unsupported("\"%\" of a text");
  const auto repeats = [](const Value& v) { return v.is_text() || is_list_or_tuple(v); };
  const auto counts = [](const Value& v) { return v.is<bool>() || v.is<std::int64_t>(); };
  if (sign == "*" && repeats(a) && counts(b)) return repeated(a, as_integer(b, ""), budget);
  if (sign == "*" && counts(a) && repeats(b)) return repeated(b, as_integer(a, ""), budget);
  no_operator(sign, a, b);
}

Value signed_value(const std::string& sign, const Value& value) {
  if (value.is<double>())
    return Value::number(sign == "-" ? -value.get<double>() : value.get<double>());
  if (!is_number(value)) no_operator(sign, value, value);
  return integer_result(sign, 0, as_integer(value, ""));
}

bool contains(const Value& container, const Value& value, Budget& budget) {
  if (container.is_text()) {
    budget.spend_scan(container.text().size());
    if (!value.is_text()) throw Error(std::string("a ") + value.type() + " in a text");
    return container.text().find(value.text()) != std::string::npos;
  }
  if (const Dict* dict = container.dict()) {
    budget.spend(std::ssize(dict->entries));
    if (!is_hashable(value))
      throw Error(std::string("a ") + value.type() + " as the key of a dict");
    return dict->find(value) != nullptr;
  }
  const auto is_value = [&](const Value& item) { return equal(item, value, budget); };
  if (container.is<std::shared_ptr<Iterator>>()) {
    while (auto item = container.get<std::shared_ptr<Iterator>>()->next()) {
      if (is_value(*item)) return true;
    }
    return false;
  }
  const Items items = all_items(container, budget);
  return std::any_of(items.begin(), items.end(), is_value);
}

bool compare(const std::string& sign, const Value& a, const Value& b, Budget& budget) {
  if (sign == "in") return contains(b, a, budget);
  if (sign == "not in") return !contains(b, a, budget);
  if (sign == "==") return equal(a, b, budget);
  if (sign == "!=") return !equal(a, b, budget);
  for (const Value* side : {&a, &b}) {
    if (side->is<Undefined>()) no_operator(sign, a, b);
    if (side->is<double>() && std::isnan(side->get<double>())) unsupported("an order of NaN");
  }
  if (sign == "<") return less(a, b, budget);
  if (sign == ">") return less(b, a, budget);
  if (sign == "<=") return !less(b, a, budget);
  return !less(a, b, budget);
}

}  // namespace tinyzero::jinja
