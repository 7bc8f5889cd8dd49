// The arithmetic of a run against numbers by hand, and what is measured of one.

#include "core/train/probe.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/learn/learner.h"
#include "core/train/rollout_engine.h"
#include "core/train/step_sampler.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/probe");

TEST_CASE("how often a run does what follows from its settings") {
  const OpenedRun run = small_run({"train.updates=2", "train.epochs=3"}, {.weights = false});
  const RunArithmetic a = arithmetic_of(shape_of(run), 8);
  CHECK(a.demonstrations == 20 * 16);
  CHECK(a.completions == 8 * 4);
  CHECK(a.rounds == 1);
  CHECK(a.updates == 2 * 3);
  CHECK(a.update_completions == 16);
  CHECK(a.step_tokens == 8 * 4 * 24);
  CHECK(a.run_tokens == 8 * 4 * 24 * 8);
  CHECK(a.evaluations == 1 + 2);  // before the first step, and every 4 of 8
  CHECK(a.evaluation_completions == 32 * 2);
}

TEST_CASE("the last step is evaluated, too; without RL there is one evaluation") {
  OpenedRun run = small_run({}, {.weights = false});
  const auto evaluations = [&](std::int64_t every, std::int64_t steps) {
    run.experiment.eval.every = every;
    return arithmetic_of(shape_of(run), steps).evaluations;
  };
  CHECK(evaluations(4, 9) == 1 + 3);
  CHECK(evaluations(0, 9) == 2);
  CHECK(evaluations(4, 0) == 1);
}

TEST_CASE("numbers that are too large for an integer are the largest one") {
  OpenedRun run = small_run({}, {.weights = false});
  run.experiment.rollout.max_tokens = std::numeric_limits<std::int64_t>::max() / 4;
  CHECK(arithmetic_of(shape_of(run), 1 << 20).run_tokens ==
        std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("steps and seconds of a run are those of its budget") {
  RunProbe probe;
  probe.warm_start = 0.5;
  probe.rollout = 2;
  probe.update = 1;
  probe.tokens = 1000;
  probe.evaluation = 10;
  Experiment e = small_experiment();
  RunArithmetic a;
  a.evaluations = 3;
  CHECK(probe.steps(e.train) == 8);
  CHECK(probe.rl_seconds(e, a) == 8 * 3 + 3 * 10);
  CHECK(probe.seconds(e, a) == 20 * 0.5 + 8 * 3 + 3 * 10);
  e.train.budget_tokens = 2500;
  CHECK(probe.steps(e.train) == 3);  // the third step uses it up
  e.train.budget_tokens = 1e9;
  CHECK(probe.steps(e.train) == 8);
  e.train.budget_tokens = 0;
  e.train.budget_seconds = 6;
  CHECK(probe.steps(e.train) == 2);
}

TEST_CASE("a probe measures every part that the run has") {
  OpenedRun run = small_run({"eval.problems=8"});
  const RunProbe probe = probe_run(run);
  CHECK(probe.warm_start > 0);
  CHECK(probe.rollout > 0);
  CHECK(probe.update > 0);
  CHECK(probe.evaluation > 0);
  CHECK(probe.tokens >= 2 * 32);  // each completion is sampled and learned from
  CHECK(probe.tokens <= 2 * 32 * 24);
  CHECK(probe.peak_bytes > 0);
  OpenedRun without = small_run({"eval.problems=8", "warm_start.steps=0"});
  CHECK(probe_run(without).warm_start == 0);
}

TEST_CASE("a probe of a sample leaves the model as it is, and scales to a step") {
  OpenedRun run = small_run({"warm_start.steps=0"});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  const SampledStep step = sample_step(*engine, run, nullptr, 1);
  Learner learner(run.model, *run.algorithm.algorithm, run.experiment, 1);
  const std::vector<float> before(run.model.weights.data(),
                                  run.model.weights.data() + run.model.weights.size());
  const RunProbe probe = probe_sample(learner.workers(), run, step.batch, 2.0);
  CHECK(std::equal(before.begin(), before.end(), run.model.weights.data()));
  CHECK(probe.rollout == 2.0);  // all completions of a step
  CHECK(probe.update > 0);
  CHECK(probe.tokens == 2 * sampled_tokens(step));
  CHECK(probe.evaluation == doctest::Approx(2.0 / 32 * 32 * 2));
  CHECK(probe.warm_start == 0);
}
