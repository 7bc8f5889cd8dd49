#include "core/train/first_update.h"

#include <doctest/doctest.h>

#include "support/recorded_run.h"
#include "support/small_model.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/first_update");

namespace {

std::vector<double> update_of(const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer, overrides);
  return read_trainer_state(list_checkpoints(folder / "run/checkpoints").back()).first_update;
}

}  // namespace

TEST_CASE("updates are the same up to rounding, or they are not") {
  const std::vector<double> one = {1, -2, 3, -4};
  CHECK(is_same_update(one, one));
  CHECK(is_same_update(one, {1 + 1e-4, -2, 3, -4}));
  CHECK_FALSE(is_same_update(one, {1.01, -2, 3, -4}));
  CHECK_FALSE(is_same_update(one, {-1, 2, -3, 4}));
  CHECK_FALSE(is_same_update(one, {1.1, -2.2, 3.3, -4.4}));
  CHECK_FALSE(is_same_update({0, 0}, {0, 0}));
  CHECK_FALSE(is_same_update({}, {}));
  CHECK_FALSE(is_same_update(one, {1, -2}));
}

TEST_CASE("runs whose settings differ in nothing that acts at first make the same first update") {
  const std::vector<double> plain = update_of({"algorithm={use: grpo, clip: 0.1}"});
  REQUIRE(plain.size() == 16);
  CHECK(is_same_update(plain, update_of({"algorithm={use: grpo, clip: 0.3}"})));
  CHECK_FALSE(is_same_update(
      plain, update_of({"algorithm={use: grpo, clip: 0.1}", "train.learning_rate=4e-3"})));
  CHECK_FALSE(is_same_update(plain, update_of({"algorithm={use: grpo, variant: dr_grpo}"})));
}

TEST_CASE("a run that never learns has no first update") {
  CHECK(update_of({"train.learning_rate=0"}).empty());
}
