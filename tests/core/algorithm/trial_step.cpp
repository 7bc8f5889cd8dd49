// Random steps of the checks.

#include "core/algorithm/trial_step.h"

#include <doctest/doctest.h>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/trial_step");

TEST_CASE("a step is a function of seed and index, in the shape that is asked for") {
  const TrialStep a = random_step(1, 2), again = random_step(1, 2);
  CHECK(at::equal(a.logp, again.logp));
  CHECK(at::equal(a.batch.reward, again.batch.reward));
  CHECK_FALSE(at::equal(a.batch.length, random_step(1, 3).batch.length));
  CHECK_FALSE(at::equal(a.batch.length, random_step(2, 2).batch.length));
  CHECK(a.batch.groups() == 6);
  CHECK(a.batch.episodes() == 24);
  CHECK(a.batch.length.max().item<std::int64_t>() <= 9);
  CHECK(at::equal(a.batch.episode, at::repeat_interleave(a.batch.length)));
  CHECK(a.name.starts_with("case 2 (6 problems x 4 samples, "));
}

TEST_CASE("what is asked for is in it: unusable episodes, masked tokens, a policy that has moved") {
  StepShape shape;
  shape.unusable = 0.5;
  shape.masked = 0.5;
  shape.drift = 0;
  const TrialStep step = random_step(3, 0, shape);
  const Batch& b = step.batch;
  CHECK(at::equal(step.logp, b.logp_old));
  CHECK(b.usable.any().item<bool>());
  CHECK_FALSE(b.usable.all().item<bool>());
  const at::Tensor usable = b.usable.index_select(0, b.episode);
  CHECK(b.mask.masked_select(usable.logical_not()).abs().sum().item<double>() == 0);
  CHECK(b.mask.masked_select(usable).mean().item<double>() < 1);
  CHECK_FALSE(at::equal(random_step(3, 0).logp, random_step(3, 0).batch.logp_old));
  const at::Tensor last = b.group.eq(5).logical_and(b.usable);  // a group without spread
  CHECK(b.reward.masked_select(last).eq(1).all().item<bool>());
}

TEST_CASE("another order, and a part, take the tokens with them") {
  const TrialStep step = random_step(1, 0);
  const TrialStep part = reordered(step, {4, 1});
  CHECK(part.batch.episodes() == 2);
  CHECK(at::equal(part.batch.length, step.batch.length.index_select(0, longs({4, 1}))));
  const at::Tensor tokens = tokens_of(step.batch, {4, 1});
  CHECK(at::equal(part.logp, step.logp.index_select(0, tokens)));
  CHECK(part.batch.all.samples == step.batch.all.samples);
  CHECK(tokens_of(step.batch, {}).size(0) == 0);
}

TEST_CASE("without some groups the others are numbered anew and counted") {
  const TrialStep step = random_step(1, 0);
  const TrialStep out = without_groups(step, bools({0, 1, 0, 1, 0, 0}));
  CHECK(out.batch.groups() == 2);
  CHECK(out.batch.episodes() == 8);
  CHECK(out.batch.all.samples == 8);
  CHECK(at::equal(out.batch.reward.slice(0, 0, 4), step.batch.reward.slice(0, 4, 8)));
}

TEST_CASE("masks and counts follow a change of what is usable") {
  TrialStep step = random_step(1, 0);
  step.batch.usable.fill_(false);
  count_usable(step);
  CHECK(step.batch.mask.sum().item<double>() == 0);
  CHECK(step.batch.all.episodes == 0);
}

TEST_CASE("a token is named by its episode") {
  const TrialStep step = random_step(1, 0);
  const std::int64_t first = step.batch.length[0].item<std::int64_t>();
  CHECK(token_name(step.batch, 0) == "token 0 of episode 0");
  CHECK(token_name(step.batch, first) == "token 0 of episode 1");
}
