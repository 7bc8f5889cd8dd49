// Values in floating point tell answers apart, and never make them equal.

#include "tasks/dataset/math/estimate.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tinyzero;
using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/estimate");

TEST_CASE("values of sums and functions") {
  const OpaqueValues opaque = {{"ln(2)", std::log(2.0)}};
  const Estimate estimate(opaque);
  CHECK(estimate.real({.top = {{{{"2", Rational(1)}}, 3}}}) == 6);
  CHECK(estimate.real({.top = {{{{"ln(2)", 1}}, 2}}}) == doctest::Approx(std::log(4.0)));
  CHECK(std::isnan(estimate.real({.top = {{{{"i", 1}}, 1}}})));
  CHECK(std::isnan(estimate.function("zeta", {})));
  CHECK(estimate.function("cos", {}) == 1);
}

TEST_CASE("without functions, other coefficients are other values; with them, only if far apart") {
  const OpaqueValues opaque = {{"ln(2)", std::log(2.0)}, {"ln(4)", std::log(4.0)}, {"f(x)", NAN}};
  const Estimate estimate(opaque);
  const Sum two_ln2 = {{{{"ln(2)", 1}}, 2}}, ln4 = {{{{"ln(4)", 1}}, 1}}, f = {{{{"f(x)", 1}}, 1}};
  CHECK(estimate.compare({{{}, 1}}, {{{{"pi", 1}}, 1}}) == Sameness::different);
  CHECK(estimate.compare(two_ln2, ln4) == Sameness::unknown);
  CHECK(estimate.compare(two_ln2, {{{}, 1}}) == Sameness::different);
  CHECK(estimate.compare(f, ln4) == Sameness::unknown);
}
