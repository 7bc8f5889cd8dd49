// What a build without CUDA answers.

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/rollout/cuda/sampling.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/no_cuda");

TEST_CASE("a build without CUDA says so, and one with CUDA what it found") {
  if (cuda_description() == "not built") CHECK_THROWS_WITH_AS(sample_rows({}, nullptr), "this build has no CUDA", Error);
  else CHECK_FALSE(cuda_description().empty());
}
