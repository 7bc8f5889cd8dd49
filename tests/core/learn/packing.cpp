#include "core/learn/packing.h"

#include <doctest/doctest.h>

#include "core/algorithm/select_episodes.h"
#include "core/rollout/engine.h"
#include "core/rollout/episodes.h"
#include "core/transformer/packed_shape.h"
#include "support/small_step.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/packing");

TEST_CASE("the input holds all tokens but the last, and knows which rows predict completions") {
  const Sequence a{{1, 2, 3, 4}, 2}, b{{5, 6}, 1};
  const ModelInput input = pack_input({&a, &b});
  CHECK(at::equal(input.ids, at::tensor(std::vector<std::int64_t>{1, 2, 3, 5})));
  CHECK(at::equal(input.rows, at::tensor(std::vector<std::int64_t>{1, 2, 3})));
  CHECK(at::equal(input.targets, at::tensor(std::vector<std::int64_t>{3, 4, 6})));
  CHECK(input.shape->starts == std::vector<std::int64_t>{0, 3, 4});
}

TEST_CASE("neighbours with the same prompt share its rows") {
  const Sequence a{{1, 2, 3, 4}, 2}, b{{1, 2, 5, 6, 7}, 2}, c{{1, 2, 8}, 2}, d{{1, 2, 3, 4}, 3},
      e{{9, 8}, 1};
  const ModelInput input = pack_input({&a, &b, &c, &d, &e});
  CHECK(at::equal(input.ids, at::tensor(std::vector<std::int64_t>{1, 2, 3, 5, 6, 1, 2, 3, 9})));
  CHECK(at::equal(input.rows, at::tensor(std::vector<std::int64_t>{1, 2, 1, 3, 4, 1, 7, 8})));
  CHECK(at::equal(input.targets, at::tensor(std::vector<std::int64_t>{3, 4, 5, 6, 7, 8, 4, 8})));
  CHECK(input.shape->starts == std::vector<std::int64_t>{0, 2, 3, 5, 5, 8, 9});
  CHECK(input.shape->continues == std::vector<std::int64_t>{-1, 0, 0, 0, -1, -1});
  CHECK(input.shape->longest() == 4);
}

TEST_CASE("micro-batches keep order, hold about the same, and are enough for all workers") {
  using Split = std::vector<std::vector<std::int64_t>>;
  CHECK(split_by_tokens({5, 5, 5, 5}, 10, 1) == Split{{0, 1}, {2, 3}});
  CHECK(split_by_tokens({5, 5, 5, 5}, 100, 1) == Split{{0, 1, 2, 3}});
  CHECK(split_by_tokens({5, 5, 5, 5}, 100, 2) == Split{{0, 1}, {2, 3}});
  CHECK(split_by_tokens({5, 5, 5, 5}, 6, 3) ==
        Split{{0}, {1}, {2}, {3}});  // six micro-batches, of which two are empty
  CHECK(split_by_tokens({90, 1, 1, 1}, 50, 1) == Split{{0}, {1, 2, 3}});
  CHECK(split_by_tokens({}, 10, 2).empty());
}

TEST_CASE("episodes that could not be judged are masked") {
  Verdict right, failed;
  right.reward = 1;
  failed.outcome = Outcome::error;
  const std::vector<Prompt> prompts = {{{1, 2}, 2}};
  const std::vector<ScoredCompletion> completions = {
      {0, "a", right, {0, 0, {3, 4}, {-1.0f, -2.0f}, End::eos}, true, {}},
      {0, "b", failed, {0, 1, {5}, {-3.0f}, End::length}, false, {}}};
  const StepBatch step = make_batch(prompts, completions, 9);
  CHECK(at::equal(step.batch.mask, at::tensor(std::vector<float>{1, 1, 0})));
  CHECK(at::equal(step.batch.logp_old, at::tensor(std::vector<float>{-1, -2, -3})));
  CHECK(step.batch.all.tokens == 2);
  CHECK(step.batch.all.episodes == 1);
  CHECK(step.batch.usable[0].item<bool>());
  CHECK_FALSE(step.batch.usable[1].item<bool>());
  CHECK(step.batch.truncated[1].item<bool>());
  CHECK(step.batch.right[0].item<bool>());
  CHECK_FALSE(step.batch.right[1].item<bool>());
  CHECK(step.batch.max_tokens == 9);
  CHECK(step.sequences[0].ids == std::vector<std::int32_t>{1, 2, 3, 4});
  CHECK(step.sequences[0].prompt == 2);
}

TEST_CASE("cut completions are masked and not counted, and baselines still see them") {
  StepBatch step = some_step();
  step.batch.truncated.fill_(false);
  step.batch.truncated[0] = true;
  const Counts before = step.batch.all;
  const double cut = step.batch.length[0].item<double>();
  mask_truncated(step.batch);
  CHECK(step.batch.all.tokens == before.tokens - cut);
  CHECK(step.batch.all.episodes == before.episodes - 1);
  CHECK(step.batch.all.samples == before.samples);
  CHECK(step.batch.usable[0].item<bool>());
  CHECK(step.batch.mask.narrow(0, 0, static_cast<std::int64_t>(cut)).sum().item<double>() == 0);
}
