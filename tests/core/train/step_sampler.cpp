#include "core/train/step_sampler.h"

#include <doctest/doctest.h>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/step_sampler");

TEST_CASE(
    "logits that are no numbers are a bad start model, and a diverged run once it has learned") {
  const auto fails = []() -> int { fail_drawing(2, 0, 6); };
  CHECK_THROWS_WITH_AS(sample_policy(false, "step 1", fails),
                       "the model's logits are not finite (NaN or infinite) at token 7 of the "
                       "completion of prompt 3, sample 1",
                       NotFinite);
  try {
    sample_policy(true, "step 5", fails);
    FAIL("nothing was thrown");
  } catch (const Failure& e) {  // exit code 1
    CHECK(std::string(e.what()) ==
          "step 5: the model's logits are not finite (NaN or infinite) at token 7 of the "
          "completion of prompt 3, sample 1: the policy "
          "has diverged");
    CHECK(e.hint().find("a smaller train.learning_rate") != std::string::npos);
  }
  CHECK(sample_policy(true, "step 5", [] { return 3; }) == 3);
}
