// Expected values are those of CPython 3.11.

#include "tasks/countdown/python_value.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>

using namespace tinyzero::countdown;

TEST_SUITE_BEGIN("tasks/countdown/python_value");

namespace {

constexpr double kHuge = 1e308;

// Whether "a op b" is near `expected`, within `tolerance`.
bool gives(char op, const PythonValue& a, const PythonValue& b, std::int64_t expected,
           double tolerance = 1e-12) {
  return PythonValue::apply(op, a, b).is_near(expected, tolerance);
}

PythonValue digits(const char* text) { return BigInteger(text); }
PythonValue integer(long value) { return BigInteger(value); }

}  // namespace

TEST_CASE("integers stay integers but for true division and negative powers") {
  CHECK(gives('+', integer(2), integer(3), 5, 0));
  CHECK(gives('-', integer(2), integer(3), -1, 0));
  CHECK(gives('*', integer(-2), integer(3), -6, 0));
  CHECK(gives('P', integer(2), integer(10), 1024, 0));
  CHECK(gives('P', integer(0), integer(0), 1, 0));
  CHECK(gives('P', integer(-1), integer(100001), -1, 0));
  // A quotient is a float, for which a tolerance of 0 is never met.
  CHECK_FALSE(gives('/', integer(6), integer(3), 2, 0));
  CHECK(gives('/', integer(6), integer(3), 2));
  CHECK(gives('*', PythonValue::apply('P', integer(2), integer(-2)), integer(4), 1));
}

TEST_CASE("floor division rounds to minus infinity, for integers and floats") {
  struct Case {
    long a, b, quotient;
  };
  for (const Case& c :
       {Case{7, 2, 3}, {-7, 2, -4}, {7, -2, -4}, {-7, -2, 3}, {6, 3, 2}, {0, 5, 0}}) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    CHECK(gives('F', integer(c.a), integer(c.b), c.quotient, 0));
    CHECK(gives('F', PythonValue(1.0 * c.a), integer(c.b), c.quotient));
  }
  CHECK(gives('F', PythonValue(1.0), PythonValue(0.1), 9));  // 1.0 // 0.1 == 9.0
}

TEST_CASE("true division rounds once, to the nearest double") {
  // 10**30 / (10**30 - 1) - 1 is 0.0: both are above 53 bits.
  const PythonValue big = digits("1000000000000000000000000000000");
  const PythonValue less = digits("999999999999999999999999999999");
  const PythonValue quotient = PythonValue::apply('/', big, less);
  CHECK(PythonValue::apply('-', quotient, integer(1)).is_near(0, 1e-300));
  // (2**53 + 1) / 1 rounds to even: 2**53.
  const PythonValue odd = PythonValue::apply('/', digits("9007199254740993"), integer(1));
  CHECK(odd.is_near(9007199254740992, 1e-9));
  CHECK(gives('/', integer(-7), integer(2), -3, 0.51));
  CHECK_THROWS_AS(
      PythonValue::apply('/', PythonValue::apply('P', integer(10), integer(400)), integer(1)),
      PythonError);
}

TEST_CASE("negative floats to fractional powers are complex, as in Python 3") {
  const PythonValue root = PythonValue::apply('P', PythonValue(-4.0), PythonValue(0.5));  // ~2j
  CHECK(root.is_near(0, 2.0000001));
  CHECK_FALSE(root.is_near(0, 1.9999));
  CHECK(PythonValue::apply('*', root, root).is_near(-4, 1e-9));
  CHECK(root.negated().is_near(0, 2.0000001));
  CHECK_THROWS_AS(PythonValue::apply('F', root, integer(1)), PythonError);
}

TEST_CASE("what makes Python raise is a PythonError") {
  struct Case {
    char op;
    PythonValue a, b;
  };
  const Case cases[] = {
      {'/', integer(1), integer(0)},
      {'F', integer(1), integer(0)},
      {'/', PythonValue(1.0), PythonValue(0.0)},
      {'F', PythonValue(1.0), PythonValue(0.0)},
      {'P', PythonValue(0.0), PythonValue(-1.0)},
      {'P', integer(0), integer(-1)},
      {'P', PythonValue(10.0), PythonValue(1000.0)},
      {'P', PythonValue(std::complex<double>(0, 0)), PythonValue(std::complex<double>(0, 1))},
      {'/', PythonValue(std::complex<double>(1, 1)), PythonValue(std::complex<double>(0, 0))},
      {'P', integer(9), integer(99999999)},  // ours: the integer is too large
  };
  for (const Case& c : cases) {
    CAPTURE(c.op);
    CHECK_THROWS_AS(PythonValue::apply(c.op, c.a, c.b), PythonError);
  }
  CHECK_NOTHROW(PythonValue::apply('*', PythonValue(kHuge), PythonValue(kHuge)));  // inf
}

TEST_CASE("integers are compared exactly, floats within the tolerance") {
  CHECK(integer(24).is_near(24, 0));
  CHECK_FALSE(integer(25).is_near(24, 10));
  CHECK(PythonValue(24.000009).is_near(24, 1e-5));
  CHECK_FALSE(PythonValue(24.00002).is_near(24, 1e-5));
  CHECK_FALSE(PythonValue(std::numeric_limits<double>::infinity()).is_near(24, 1e-5));
  CHECK_FALSE(PythonValue(std::numeric_limits<double>::quiet_NaN()).is_near(24, 1e-5));
}
