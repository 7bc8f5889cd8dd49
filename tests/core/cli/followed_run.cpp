#include "core/cli/followed_run.h"

#include <doctest/doctest.h>

#include "core/config/experiment.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/followed_run");

namespace {

Experiment experiment() {
  Experiment e;
  e.warm_start.steps = 600;
  e.train.steps = 200;
  return e;
}

Json step(std::int64_t number, double seconds) {
  return {{"step", number}, {"seconds", seconds}, {"train/reward", 0.5}};
}

}  // namespace

TEST_CASE("where a run is follows its newest record, and evaluations are none") {
  const Experiment e = experiment();
  FollowedRun run(e);
  CHECK_FALSE(run.begun());
  CHECK(run.where() == "its first step");
  run.add({{"step", 0}, {"eval/accuracy", 0.1}});
  CHECK_FALSE(run.begun());
  run.add({{"warm_start/step", 3}, {"warm_start/loss", 0.3}, {"seconds", 1}});
  CHECK(run.where() == "warm-start step 3 of 600");
  run.add(step(1, 60));
  CHECK(run.where() == "step 1 of 200");
  CHECK(run.step() == 1);
  CHECK(run.steps() == 200);
}

TEST_CASE("the time that is left is the newest steps' mean, for the steps that are left") {
  const Experiment e = experiment();
  FollowedRun run(e);
  run.add(step(98, 1000));
  CHECK(run.text(120).find("left") == std::string::npos);  // one record says nothing of time
  run.add(step(99, 1003));
  run.add(step(100, 1004));
  CHECK(run.text(120).ends_with("3m20s left"));  // 100 steps of 2 s
}

TEST_CASE("a run that returned to a checkpoint is measured anew") {
  const Experiment e = experiment();
  FollowedRun run(e);
  run.add(step(50, 100));
  run.add(step(51, 101));
  run.add(step(51, 500));
  CHECK(run.step() == 51);
  CHECK(run.text(120).find("left") == std::string::npos);
}
