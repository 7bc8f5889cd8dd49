// Sums and means over the tokens that count.

#include "tinyzero/primitives/masked.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/primitives/masked");

TEST_CASE("masked numbers are invisible, and nothing at all has a mean of 0") {
  const at::Tensor x = floats({1, 2, 1e30f}), mask = floats({1, 1, 0});
  CHECK(masked_sum(x, mask) == 3);
  CHECK(masked_mean(x, mask) == 1.5);
  CHECK(masked_mean(x, at::zeros({3})) == 0);
}

TEST_CASE("sums are in double") {
  const at::Tensor x = at::full({1 << 20}, 0.1f);
  CHECK(masked_sum(x, at::ones({1 << 20})) == doctest::Approx(0.1f * (1 << 20)).epsilon(1e-12));
}

TEST_CASE("whitened numbers have mean 0 and variance 1, and masked ones are 0") {
  const at::Tensor white = whiten(doubles({1, 2, 3, 99}), floats({1, 1, 1, 0}));
  check_numbers(white, {-1, 0, 1, 0}, 1e-7);
  check_numbers(whiten(doubles({5, 5, 5}), floats({1, 1, 1})), {0, 0, 0});
  check_numbers(whiten(doubles({5, 7}), floats({1, 0})), {0, 0});
}

TEST_CASE("a tensor for loops has no gradient and is contiguous") {
  const at::Tensor x = at::ones({4, 4}).requires_grad_(true).t().select(0, 1);
  const at::Tensor y = as_doubles(x);
  CHECK((y.scalar_type() == at::kDouble));
  CHECK(y.is_contiguous());
  CHECK_FALSE(y.requires_grad());
}
