#include "tinyzero/rational.h"

#include <doctest/doctest.h>

#include <boost/rational.hpp>
#include <cstdint>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/rational");

namespace {
Rational made(std::int64_t n, std::int64_t d) {
  Rational r(n);
  REQUIRE(r.apply('/', Rational(d)) == Rational::Status::ok);
  return r;
}
}  // namespace

TEST_CASE("values are kept in lowest terms with a positive denominator") {
  const Rational r = made(6, -4);
  CHECK(r.numerator() == -3);
  CHECK(r.denominator() == 2);
  CHECK(made(8, 4) == Rational(2));
  CHECK(made(8, 4).is_integer());
  CHECK(made(0, -5) == Rational(0));
}

TEST_CASE("8/(3-8/3) is exactly 24") {
  Rational inner(3);
  REQUIRE(inner.apply('-', made(8, 3)) == Rational::Status::ok);
  Rational r(8);
  REQUIRE(r.apply('/', inner) == Rational::Status::ok);
  CHECK(r == Rational(24));
}

TEST_CASE("division by zero is a status and changes nothing") {
  Rational r(5);
  CHECK(r.apply('/', Rational(0)) == Rational::Status::division_by_zero);
  CHECK(r == Rational(5));
}

TEST_CASE("a result that does not fit is an overflow, never a wrong value") {
  Rational r(1);
  int products = 0;
  while (r.apply('*', Rational(1000003)) == Rational::Status::ok) ++products;
  CHECK(products == 6);  // 1000003^6 has 120 bits, ^7 would need 140
  const Rational before = r;
  CHECK(r.apply('*', Rational(1000003)) == Rational::Status::overflow);
  CHECK(r == before);
  Rational sum = made(1, (std::int64_t{1} << 62) - 1);
  CHECK(sum.apply('+', made(1, (std::int64_t{1} << 62) - 3)) == Rational::Status::ok);
  CHECK(sum.apply('+', made(1, (std::int64_t{1} << 62) - 5)) == Rational::Status::overflow);
}

// boost::rational over small numbers is the independent implementation.
TEST_CASE("agrees with boost::rational on random operations") {
  Rng rng(1);
  for (int trial = 0; trial < 20000; ++trial) {
    Rational ours(rng.between(-50, 50));
    boost::rational<std::int64_t> theirs(static_cast<std::int64_t>(ours.numerator()));
    for (int i = 0; i < 4; ++i) {
      const std::int64_t operand = rng.between(-20, 20);
      const char op = "+-*/"[rng.below(4)];
      const auto status = ours.apply(op, Rational(operand));
      if (op == '/' && operand == 0) {
        CHECK(status == Rational::Status::division_by_zero);
        continue;
      }
      REQUIRE(status == Rational::Status::ok);
      if (op == '+') theirs += operand;
      if (op == '-') theirs -= operand;
      if (op == '*') theirs *= operand;
      if (op == '/') theirs /= operand;
      CHECK(static_cast<std::int64_t>(ours.numerator()) == theirs.numerator());
      CHECK(static_cast<std::int64_t>(ours.denominator()) == theirs.denominator());
    }
  }
}
