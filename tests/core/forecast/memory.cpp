// The shapes of a run against what packing really makes of it, and the choice of micro-batches by
// memory.

#include "core/forecast/memory.h"
#include "core/train/opened_run.h"

#include <doctest/doctest.h>

#include "core/learn/packing.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/forecast/memory");

namespace {

OpenedRun small(std::vector<std::string> overrides) {
  overrides.insert(overrides.end(),
                   {"warm_start.steps=0", "model.context=512", "threads=2", "precision=f32"});
  return OpenedRun::open(
      Experiment::load(fs::path(TINYZERO_SOURCE) / "tests/integration/small.yaml", overrides),
      PluginCatalog::scan({TINYZERO_PLUGINS}));
}

}  // namespace

TEST_CASE("the largest micro-batch has the rows that packing gives full-length sequences") {
  const struct {
    std::int64_t prompts, samples, max_tokens, micro_batch, replicas;
  } cases[] = {{8, 4, 24, 64, 1},
               {8, 4, 24, 1000, 2},
               {16, 1, 100, 300, 2},
               {4, 8, 50, 128, 1},
               {2, 2, 10, 100000, 4}};
  for (const auto& c : cases) {
    const OpenedRun parts = small(
        {"rollout={prompts: " + std::to_string(c.prompts) + ", samples: " +
             std::to_string(c.samples) + ", max_tokens: " + std::to_string(c.max_tokens) + "}",
         "train.micro_batch=" + std::to_string(c.micro_batch),
         "algorithm={use: grpo, variant: reinforce_pp}"});  // which learns from one sample, too
    const RunShape run = shape_of(parts);
    CAPTURE(c.micro_batch);
    std::vector<Sequence> sequences;
    for (std::int64_t p = 0; p < c.prompts; ++p) {
      Sequence sequence{std::vector<std::int32_t>(static_cast<std::size_t>(run.longest()), 1),
                        run.longest_prompt};
      sequence.ids.front() = static_cast<std::int32_t>(p);  // each problem its own prompt
      sequences.insert(sequences.end(), static_cast<std::size_t>(c.samples), sequence);
    }
    MicroBatchRows most;
    for (const auto& part :
         split_by_tokens(std::vector<std::int64_t>(sequences.size(), run.longest()), c.micro_batch,
                         c.replicas)) {
      std::vector<const Sequence*> chosen;
      for (const std::int64_t i : part) chosen.push_back(&sequences[static_cast<std::size_t>(i)]);
      const ModelInput input = pack_input(chosen);
      const std::int64_t rows =
          input.ids.size(0) +
          static_cast<std::int64_t>(part.size());  // the last token of each is not fed
      if (rows > most.all) most = {rows, input.rows.size(0)};
    }
    const MicroBatchRows planned = largest_micro_batch(run, c.replicas);
    CHECK(planned.all == most.all);
    CHECK(planned.completions == most.completions);
  }
}

TEST_CASE("micro-batches are as large as memory allows") {
  const OpenedRun parts = small({"rollout={prompts: 64, samples: 16, max_tokens: 200}"});
  const RunShape run = shape_of(parts);
  const auto taken = [&](std::int64_t tokens) {
    RunShape with = run;
    with.experiment.train.micro_batch = tokens;
    return memory_of(with).total();
  };
  CHECK(micro_batch_for(run, taken(4096)) == 4096);
  CHECK(micro_batch_for(run, taken(8192) * 100) == 4096);
  CHECK(micro_batch_for(run, taken(4096) - 1) == 2048);
  CHECK(micro_batch_for(run, taken(512)) == 512);
  CHECK(micro_batch_for(run, 1) == 128);
}

TEST_CASE("a run of zero asks for its micro-batch, and gets one") {
  const OpenedRun parts = small({"train.micro_batch=0"});
  CHECK(parts.experiment.train.micro_batch >= 128);
  bool stands = false;
  for (const ResolvedSetting& setting : parts.resolved())
    stands = stands || (setting.path == "train.micro_batch" &&
                        setting.value == std::to_string(parts.experiment.train.micro_batch));
  CHECK(stands);
}

TEST_CASE("a rank has the buffers of its own shards, and two slices of the sum") {
  const OpenedRun run = small({"train.shards=8"});
  RunShape shape = shape_of(run);
  const std::int64_t alone = memory_of(shape).gradients, one = 4 * shape.learning();
  shape.ranks = 4;  // two shards each, for two replicas: no buffers but their own
  // Alone: two replicas with four shards each, so three gradients each.
  CHECK(memory_of(shape).gradients - alone == (2 * 1 + 2 - 2 * 3) * one);
}

TEST_CASE("every model beside the policy counts, and what a budget of rank changes") {
  const auto memory = [](const std::vector<std::string>& overrides) {
    return memory_of(shape_of(small(overrides)));
  };
  const RunMemory alone = memory({}), critic = memory({"algorithm=ppo"}),
                  deeper = memory({"model.layers=4"});
  CHECK(alone.auxiliary_models == 0);
  CHECK(critic.auxiliary_models > alone.weights + alone.optimizer);
  CHECK(critic.total() > alone.total());
  CHECK(deeper.activations > 2 * alone.activations);
  OpenedRun parts = small({});
  RunShape run = shape_of(parts);
  const RunMemory whole = memory_of(run);
  run.set_lora_rank(4);
  const RunMemory adapter = memory_of(run);
  CHECK(adapter.optimizer == 2 * 4 * run.adapter_values);
  CHECK(adapter.optimizer < whole.optimizer);
  CHECK(adapter.weights == whole.weights + 4 * (run.adapter_values + run.adapted));
}
