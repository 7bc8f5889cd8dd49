// Exact arithmetic with roots, constants and variables, and its bounds.

#include "tasks/dataset/math/algebra.h"

#include <doctest/doctest.h>

using namespace tinyzero;
using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/algebra");

namespace {

const Scalar kX = Algebra::symbol("x");

Scalar number(std::int64_t value) { return Algebra::number(value); }

}  // namespace

TEST_CASE("roots have one form") {
  Algebra a;
  CHECK(text_of(a.root(number(12), 2)) == "2*3^1/2");
  CHECK(text_of(a.multiply(a.root(number(2), 2), a.root(number(6), 2))) == "2*3^1/2");
  CHECK(text_of(a.divide(number(1), a.root(number(2), 2))) == "1/2*2^1/2");
  CHECK(text_of(a.root(number(-8), 3)) == "-2");
  CHECK(text_of(a.root(number(-3), 2)) == "1*3^1/2*i^1");
  CHECK(text_of(a.root(a.power(kX, number(3)), 2)) == "1*x^3/2");
  CHECK(text_of(a.root(number(1000003LL * 1000003LL), 2)) == "1000003");
  CHECK_THROWS_AS(a.root(a.power(kX, number(2)), 2), Undecided);
  CHECK_THROWS_AS(a.root(number(-16), 4), Undecided);
  CHECK_THROWS_AS(a.root(number(2), 13), Undecided);
}

TEST_CASE("i squared is -1, and quotients by one term are sums") {
  Algebra a;
  const Scalar i = Algebra::symbol("i");
  CHECK(text_of(a.multiply(i, i)) == "-1");
  CHECK(text_of(a.divide(number(1), i)) == "-1*i^1");
  CHECK(text_of(a.divide(a.add(kX, number(1)), kX)) == "1 + 1*x^-1");
}

TEST_CASE("quotients are the same if their cross products are") {
  Algebra a;
  const Scalar root = a.root(number(2), 2);
  const Scalar inverse = a.divide(number(1), a.add(root, number(-1)));
  CHECK(a.compare(inverse, a.add(root, number(1))) == Sameness::same);
  CHECK(a.compare(inverse, root) == Sameness::different);
  CHECK(a.compare(kX, Algebra::symbol("y")) == Sameness::different);
}

TEST_CASE("functions and roots of sums stay as they are") {
  Algebra a;
  const Scalar ln2 = a.function("ln", number(2)), ln4 = a.function("ln", number(4));
  CHECK(a.compare(ln2, ln2) == Sameness::same);
  CHECK(a.compare(a.add(ln2, ln2), ln4) == Sameness::same);
  const Scalar sine = a.function("sin", number(2)), cosine = a.function("cos", number(2));
  CHECK(a.compare(a.add(a.multiply(sine, sine), a.multiply(cosine, cosine)), number(1)) ==
        Sameness::unknown);
  CHECK(a.compare(ln2, ln4) == Sameness::different);
  CHECK(text_of(a.function("ln", number(1))) == "0");
  CHECK(text_of(a.function("abs", number(-3))) == "3");
}

TEST_CASE("numbers, terms and work have bounds") {
  Algebra a;
  CHECK_THROWS_AS(a.divide(number(1), number(0)), Undecided);
  CHECK_THROWS_AS(a.factorial(number(100)), Undecided);
  CHECK_THROWS_AS(a.factorial(kX), Undecided);
  CHECK(text_of(a.factorial(number(5))) == "120");
  CHECK(text_of(a.binomial(number(6), number(3))) == "20");
  CHECK_THROWS_AS(a.power(kX, number(1000)), Undecided);
  CHECK(text_of(a.power(number(2), number(100))) == "1267650600228229401496703205376");
  CHECK(a.compare(a.power(number(2), number(2005)), a.power(number(2), number(2005))) ==
        Sameness::same);
  Algebra busy;
  const Scalar sum = busy.add(busy.add(kX, Algebra::symbol("y")), Algebra::symbol("z"));
  CHECK_THROWS_AS(busy.power(sum, number(30)), Undecided);
}
