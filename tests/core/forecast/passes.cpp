#include "core/forecast/passes.h"

#include <doctest/doctest.h>

#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/forecast/passes");

TEST_CASE("passes over a step's completions: the policy's, and those of auxiliary models") {
  const auto passes = [](const std::vector<std::string>& overrides) {
    const OpenedRun run = small_run(overrides, {.weights = false});
    return passes_of(*run.algorithm.algorithm, run.experiment.train);
  };
  const StepPasses plain = passes({"train.epochs=2"});
  CHECK(plain.learning == 2);
  CHECK(plain.reading == 0);
  const StepPasses capped = passes({"train.importance_cap=2"});
  CHECK(capped.reading == 1);
  const StepPasses penalised = passes({"algorithm={use: grpo, kl: 0.1}"});
  CHECK(penalised.learning == 1);  // the frozen reference only reads
  CHECK(penalised.reading == 1);
  const StepPasses critic = passes({"algorithm=ppo"});
  CHECK(critic.learning == 2);
  CHECK(critic.reading == 1);
}
