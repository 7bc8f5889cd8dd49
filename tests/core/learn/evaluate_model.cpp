// What a model says of completion tokens, however they are divided.

#include "core/learn/evaluate_model.h"

#include <doctest/doctest.h>

#include "core/learn/model_workers.h"
#include "core/rollout/cpu/engine.h"
#include "support/small_step.h"
#include "support/value_gradient.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/evaluate_model");

TEST_CASE("log-probs are the decoder's, in the order of the sequences, in any micro-batches") {
  Model model = small_model();
  const StepBatch step = some_step();
  CpuEngine engine(model, {});
  for (const double temperature : {1.0, 0.7}) {
    std::vector<float> expected;
    for (const Sequence& s : step.sequences) {
      const std::vector<float> scores = engine.score({s.ids}, temperature).front();
      expected.insert(expected.end(), scores.begin() + s.prompt - 1, scores.end());
    }
    for (const std::int64_t micro_batch : {1, 40, 100'000}) {
      for (const std::int64_t replicas : {1, 3}) {
        ModelWorkers workers(model, replicas, {.shards = replicas, .frozen = true});
        const ModelOutput out = evaluate_model(workers, step.sequences, micro_batch, temperature);
        CHECK(distance(out.logp, at::tensor(expected)) < 0.02);
        CHECK(out.entropy.size(0) == out.logp.size(0));
        CHECK_FALSE(out.value.defined());
        CHECK_FALSE(out.logp.requires_grad());
      }
    }
  }
}

TEST_CASE("a model with a value head gives values alone, 0 at first") {
  const Model policy = small_model();
  Model critic = auxiliary_model_of(policy, /*value_head=*/true);
  ModelWorkers workers(critic, 1);
  const ModelOutput out = evaluate_model(workers, some_step().sequences, 50, 1.0);
  CHECK_FALSE(out.logp.defined());
  CHECK_FALSE(out.entropy.defined());
  CHECK(out.value.size(0) == some_step().batch.tokens());
  CHECK(out.value.abs().max().item<double>() == 0);
}

TEST_CASE("of no sequences it says nothing") {
  Model model = small_model();
  ModelWorkers workers(model, 1, {.frozen = true});
  CHECK_FALSE(evaluate_model(workers, {}, 50, 1.0).logp.defined());
}
