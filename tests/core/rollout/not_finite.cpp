// Logits that are not numbers are reported by prompt, sample and token, counted from 1.

#include "core/rollout/not_finite.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/not_finite");

TEST_CASE("drawing and scoring name what they were at") {
  CHECK_THROWS_WITH_AS(fail_drawing(0, 2, 41),
                       "the model's logits are not finite (NaN or infinite) at token 42 of the "
                       "completion of prompt 1, sample 3",
                       NotFinite);
  CHECK_THROWS_WITH_AS(
      fail_scoring(4, 1),
      "the model's logits are not finite (NaN or infinite) at token 2 of sequence 5", NotFinite);
}

TEST_CASE("the hint says what to do") {
  try {
    fail_scoring(0, 0);
  } catch (const Error& error) {
    CHECK(error.hint().find("precision f32") != std::string::npos);
  }
}
