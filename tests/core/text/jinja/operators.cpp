// Python's operators on values.

#include "core/text/jinja/operators.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"

using namespace tinyzero;
using namespace tinyzero::jinja;

TEST_SUITE_BEGIN("core/text/jinja/operators");

namespace {

Value integer(std::int64_t n) { return Value::integer(n); }
Value real(double n) { return Value::number(n); }
Value text(const char* t) { return Value::text(t); }

// The repr of a result.
std::string result(const Value& a, const char* sign, const Value& b) {
  Budget budget;
  return to_repr(binary(sign, a, b, budget), budget);
}

bool holds(const Value& a, const char* sign, const Value& b) {
  Budget budget;
  return compare(sign, a, b, budget);
}

}  // namespace

TEST_CASE("integers: division towards minus infinity, and a float from /") {
  const std::tuple<std::int64_t, const char*, std::int64_t, const char*> cases[] = {
      {7, "+", 2, "9"},      {7, "-", 9, "-2"},    {7, "*", -2, "-14"}, {7, "//", 2, "3"},
      {-7, "//", 2, "-4"},   {7, "//", -2, "-4"},  {7, "%", 3, "1"},    {-7, "%", 3, "2"},
      {7, "%", -3, "-2"},    {6, "%", 3, "0"},     {7, "/", 2, "3.5"},  {4, "/", 2, "2.0"},
      {2, "**", 10, "1024"}, {-3, "**", 3, "-27"}, {5, "**", 0, "1"},   {0, "**", 0, "1"},
      {5, "//", -1, "-5"},   {5, "%", -1, "0"}};
  for (const auto& [a, sign, b, expected] : cases) {
    CAPTURE(a);
    CAPTURE(sign);
    CAPTURE(b);
    CHECK(result(integer(a), sign, integer(b)) == expected);
  }
}

TEST_CASE("division and remainder belong together") {
  for (std::int64_t a = -9; a <= 9; ++a) {
    for (std::int64_t b = -4; b <= 4; ++b) {
      if (b == 0) continue;
      Budget budget;
      const std::int64_t quotient =
          as_integer(binary("//", integer(a), integer(b), budget), "quotient");
      const std::int64_t remainder =
          as_integer(binary("%", integer(a), integer(b), budget), "remainder");
      CHECK(quotient * b + remainder == a);
      CHECK(quotient == static_cast<std::int64_t>(std::floor(static_cast<double>(a) / b)));
    }
  }
}

TEST_CASE("floats, and booleans as numbers") {
  CHECK(result(real(0.1), "+", real(0.2)) == "0.30000000000000004");
  CHECK(result(integer(1), "-", real(0.5)) == "0.5");
  CHECK(result(real(2), "*", integer(3)) == "6.0");
  CHECK(result(integer(1), "/", real(4)) == "0.25");
  CHECK(result(Value::boolean(true), "+", Value::boolean(true)) == "2");
}

TEST_CASE("texts and lists add and repeat") {
  CHECK(result(text("a"), "+", text("b")) == "'ab'");
  CHECK(result(Value::list({integer(1)}), "+", Value::list({integer(2)})) == "[1, 2]");
  CHECK(result(Value::tuple({integer(1)}), "+", Value::tuple({})) == "(1,)");
  CHECK(result(text("ab"), "*", integer(3)) == "'ababab'");
  CHECK(result(integer(2), "*", Value::list({integer(1)})) == "[1, 1]");
  CHECK(result(text("a"), "*", integer(-1)) == "''");
  CHECK(result(text("a"), "*", Value::boolean(true)) == "'a'");
}

TEST_CASE("signs") {
  Budget budget;
  CHECK(to_repr(signed_value("-", integer(3)), budget) == "-3");
  CHECK(to_repr(signed_value("+", Value::boolean(true)), budget) == "1");
  CHECK(to_repr(signed_value("-", real(2.5)), budget) == "-2.5");
  CHECK_THROWS_WITH_AS(signed_value("-", text("a")), "\"-\" of str and str", Error);
}

TEST_CASE("comparisons by sign") {
  CHECK(holds(integer(1), "==", real(1)));
  CHECK(holds(integer(1), "!=", text("1")));
  CHECK(holds(integer(1), "<", integer(2)));
  CHECK(holds(integer(2), "<=", integer(2)));
  CHECK(holds(text("b"), ">", text("a")));
  CHECK_FALSE(holds(integer(1), ">=", integer(2)));
}

TEST_CASE("in: part of a text, item of a list, key of a dict") {
  Budget budget;
  CHECK(holds(text("b"), "in", text("abc")));
  CHECK(holds(text(""), "in", text("")));
  CHECK(holds(integer(1), "in", Value::list({real(1)})));
  CHECK(holds(integer(3), "not in", Value::tuple({integer(1)})));
  const Value dict = Value::dict({{text("k"), integer(1)}}, budget);
  CHECK(holds(text("k"), "in", dict));
  CHECK_FALSE(holds(integer(1), "in", dict));
  CHECK_FALSE(holds(integer(1), "in", Value()));
}

TEST_CASE("what Python refuses is refused with both types") {
  for (const auto& [a, sign, b, words] :
       {std::tuple(integer(1), "+", text("a"), "\"+\" of int and str"),
        std::tuple(text("a"), "-", text("b"), "\"-\" of str and str"),
        std::tuple(Value::list({}), "+", Value::tuple({}), "\"+\" of list and tuple"),
        std::tuple(Value::none(), "+", integer(1), "\"+\" of None and int"),
        std::tuple(integer(1), "/", integer(0), "division by zero"),
        std::tuple(integer(1), "//", integer(0), "division by zero"),
        std::tuple(real(1), "/", real(0), "division by zero"),
        std::tuple(Value::undefined("x is undefined"), "+", integer(1), "x is undefined"),
        std::tuple(text("%s"), "%", integer(1), "\"%\" of a text"),
        std::tuple(real(1), "//", real(2), "\"//\" of floats"),
        std::tuple(integer(INT64_MAX), "+", integer(1), "an integer of more than 64 bits"),
        std::tuple(integer(INT64_MIN), "//", integer(-1), "an integer of more than 64 bits"),
        std::tuple(integer(2), "**", integer(63), "an integer of more than 64 bits"),
        std::tuple(integer(2), "**", integer(-1), "a power with this exponent"),
        std::tuple(integer(INT64_MAX), "/", integer(2), "a quotient of large integers"),
        std::tuple(text("a"), "*", integer(INT64_MAX), "a text or list of this length"),
        std::tuple(text("aaaa"), "*", integer(1 << 28), "more than 512 MiB")}) {
    CAPTURE(sign);
    CHECK_THROWS_WITH_AS(result(a, sign, b), doctest::Contains(words), Error);
  }
  CHECK_THROWS_WITH_AS(holds(Value(), "<", integer(1)), doctest::Contains("\"<\" of undefined"),
                       Error);
  CHECK_THROWS_WITH_AS(holds(real(std::nan("")), "<", integer(1)),
                       doctest::Contains("an order of NaN"), Error);
}
