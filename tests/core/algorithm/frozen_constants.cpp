// Constants of a loss stay at rest while its inputs move.

#include "core/algorithm/frozen_constants.h"

#include <doctest/doctest.h>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/frozen_constants");

namespace {

// x², one factor as a constant: its gradient is x, not 2 x.
double half_constant(const at::Tensor& x) { return (x.detach() * x).sum().item<double>(); }

}  // namespace

TEST_CASE("detached numbers are those of the first call, and those alone") {
  FrozenConstants constants;
  CHECK(half_constant(doubles({3})) == 9);
  for (int i = 0; i < 2; ++i) {
    constants.hold();
    CHECK(half_constant(doubles({5})) == 15);
  }
}

TEST_CASE("calls are told apart by their order") {
  const auto two = [](const at::Tensor& x) {
    return (x.detach() * 100 + (x * 2).detach()).sum().item<double>();
  };
  FrozenConstants constants;
  two(doubles({1}));
  constants.hold();
  CHECK(two(doubles({9})) == 102);
}

TEST_CASE("after its life detach() is what it was") {
  {
    FrozenConstants constants;
    half_constant(doubles({3}));
    constants.hold();
  }
  CHECK(half_constant(doubles({5})) == 25);
}
