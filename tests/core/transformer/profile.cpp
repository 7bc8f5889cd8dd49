// The profile of operations.

#include "core/transformer/profile.h"

#include <doctest/doctest.h>

#include "core/transformer/kernel_operators.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/transformer/profile");

TEST_CASE("times are kept by kind while a profile is on, and begin at 0") {
  const KernelOperators op;
  const at::Tensor x = at::ones({200, 64});
  const auto work = [&] { op.rms_norm(x, at::ones({64}), 1e-6); };
  profile_operators(true);
  work();
  CHECK(operator_times().norms_and_gates > 0);
  CHECK(operator_times().products == 0);
  CHECK(operator_times().attention == 0);
  CHECK(operator_times().distribution == 0);
  profile_operators(false);
  CHECK(operator_times().norms_and_gates == 0);
  work();
  CHECK(operator_times().norms_and_gates == 0);
}
