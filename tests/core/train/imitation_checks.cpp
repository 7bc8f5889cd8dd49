// Settings that a run which imitates cannot have.

#include "core/train/imitation_checks.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/imitation_checks");

TEST_CASE("what cannot be imitated is refused") {
  CHECK_THROWS_WITH_AS(
      small_run({"train.imitate=true", "rollout.ahead=1", "train.importance_cap=2"}),
      doctest::Contains("rollout.ahead has no use with train.imitate"), Error);
  CHECK_THROWS_WITH_AS(small_run({"train.imitate=true", "rollout.mixed_rounds=2"}),
                       doctest::Contains("rollout.mixed_rounds has no use with train.imitate"),
                       Error);
  CHECK_THROWS_WITH_AS(small_run({"train.imitate=true", "train.random_reward=0.5"}),
                       doctest::Contains("train.random_reward has no use with train.imitate"),
                       Error);
  CHECK_THROWS_WITH_AS(
      small_run({"train.imitate=true", "task.levels=[{largest: 5}, {largest: 9}]"}),
      doctest::Contains("train.imitate cannot follow a curriculum"), Error);
  CHECK_THROWS_WITH_AS(small_run({"train.imitate=true", "warm_start.steps=0",
                                  "task={use: " TINYZERO_BROKEN "/hostile.so}"}),
                       doctest::Contains("task \"hostile\" has no demonstrations to imitate"),
                       Error);
  CHECK_THROWS_WITH_AS(
      small_run({"eval.ask_again=true", "task={use: multiplication}"}),
      doctest::Contains("task \"multiplication\" does not count the trait gave_up"), Error);
}
