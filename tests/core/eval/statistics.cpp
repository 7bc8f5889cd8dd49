#include "core/eval/statistics.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/eval/statistics");

// Values of statsmodels 0.15, proportion_confint(method="wilson").
TEST_CASE("Wilson intervals") {
  struct Case {
    double right, total, low, high;
  };
  const Case cases[] = {{0, 10, 0.0, 0.2775327998628892},
                        {5, 10, 0.2365930905125640, 0.7634069094874361},
                        {512, 512, 0.992553024277, 1.0},
                        {45, 512, 0.066334163493, 0.115585023529}};
  for (const Case& c : cases) {
    const Interval interval = wilson_interval(c.right, c.total);
    CHECK(interval.low == doctest::Approx(c.low).epsilon(1e-6));
    CHECK(interval.high == doctest::Approx(c.high).epsilon(1e-6));
  }
  CHECK(wilson_interval(0, 0).low == 0);
  CHECK(wilson_interval(0, 0).high == 1);
}

TEST_CASE("unbiased pass@k is the chance that a subset of k holds a right one") {
  CHECK(pass_at_k(5, 2, 1) == doctest::Approx(0.4));
  CHECK(pass_at_k(5, 2, 2) == doctest::Approx(1 - 3.0 / 10));
  CHECK(pass_at_k(5, 4, 2) == 1);
  CHECK(pass_at_k(5, 0, 5) == 0);
  CHECK(pass_at_k(200, 7, 100) == doctest::Approx(0.99333).epsilon(1e-3));
  CHECK(std::isnan(pass_at_k(3, 1, 4)));
}
