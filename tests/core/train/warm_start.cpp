// Demonstrations as the policy imitates them.

#include "core/train/warm_start.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/learn/learner.h"
#include "core/learn/packing.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/warm_start");

TEST_CASE("demonstrations are framed prompts with a trace and the end token") {
  const OpenedRun run = small_run({}, {.weights = false});
  const auto sequences = demonstrations(run, 3);
  CHECK(sequences.size() == 16);
  for (const Sequence& sequence : sequences) {
    CHECK(sequence.prompt > 0);
    CHECK(sequence.completion() > 1);
    CHECK(sequence.ids.back() == run.model.config.eos.front());
  }
}

TEST_CASE("demonstrations are a function of the seed and the step") {
  const OpenedRun run = small_run({}, {.weights = false});
  const OpenedRun other = small_run({"seed=2"}, {.weights = false});
  const auto ids = [](const std::vector<Sequence>& sequences) {
    std::vector<std::vector<std::int32_t>> out;
    for (const Sequence& sequence : sequences) out.push_back(sequence.ids);
    return out;
  };
  CHECK(ids(demonstrations(run, 3)) == ids(demonstrations(run, 3)));
  CHECK(ids(demonstrations(run, 3)) != ids(demonstrations(run, 4)));
  CHECK(ids(demonstrations(run, 3)) != ids(demonstrations(other, 3)));
}

TEST_CASE("the section demonstrations says whose demonstrations are imitated") {
  const OpenedRun run = small_run({"task=countdown", "demonstrations={use: arithmetic, digits: 1}"},
                                  {.weights = false});
  const OpenedRun arithmetic = small_run({"task={use: arithmetic, digits: 1}"}, {.weights = false});
  const auto ids = [](const OpenedRun& of) { return demonstrations(of, 3).front().ids; };
  CHECK(ids(run) == ids(arithmetic));
  CHECK(run.task.about().id == "countdown");
  CHECK(run.task_libraries().size() == 2);
  const auto resolved = run.resolved();
  CHECK(std::any_of(resolved.begin(), resolved.end(), [](const ResolvedSetting& s) {
    return s.path == "demonstrations.digits" && s.value == "[1]";
  }));
}

TEST_CASE("demonstrations of problems that the run holds out are refused") {
  CHECK_THROWS_WITH_AS(small_run({"task={use: countdown, hold_out: numbers}",
                                  "demonstrations={use: countdown, levels: [{}, {largest: 20}]}"},
                                 {.weights = false}),
                       doctest::Contains("training would see problems of the test"), Error);
  CHECK_NOTHROW(small_run({"task={use: countdown, hold_out: numbers}",
                           "demonstrations={use: countdown, hold_out: numbers, largest: 20}"},
                          {.weights = false}));
}

TEST_CASE("a demonstration that does not fit the context is refused") {
  const OpenedRun run = small_run({"model.context=12", "rollout.max_tokens=1"}, {.weights = false});
  CHECK_THROWS_WITH_AS(demonstrations(run, 0), doctest::Contains("the model's context is 12"),
                       Error);
}

TEST_CASE("imitation lowers the loss") {
  OpenedRun run = small_run({"warm_start.steps=40", "warm_start.learning_rate=0.01"});
  Learner learner(run.model, *run.algorithm.algorithm, run.experiment, 1);
  const double first = warm_start_step(learner, run, 0);
  double last = first;
  for (std::int64_t step = 1; step < 20; ++step) last = warm_start_step(learner, run, step);
  CHECK(last < 0.8 * first);
}
