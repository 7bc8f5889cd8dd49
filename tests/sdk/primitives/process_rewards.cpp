// PRIME's rewards of tokens by hand; tests/sdk/primitives.cpp has the published numbers.

#include "tinyzero/primitives/process_rewards.h"

#include <doctest/doctest.h>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/primitives/process_rewards");

TEST_CASE("a token's reward is the scaled difference of log-probs, 0 where the mask is 0") {
  at::Tensor logp = doubles({-1, -2, -3}).requires_grad_(true);
  const at::Tensor q = implicit_reward(logp, doubles({-1.5, -1, 0}), floats({1, 1, 0}), 0.5);
  check_numbers(q, {0.25, -0.5, 0});
  q.sum().backward();
  check_numbers(logp.grad(), {0.5, 0.5, 0});
}

// Means of the three responses: 2, 1 and 6; the last one is alone in its group.
TEST_CASE("rewards are compared with the token means of the group's other responses") {
  const at::Tensor reward = doubles({1, 3, 1, 6}), mask = floats({1, 1, 1, 1});
  const at::Tensor episode = longs({0, 0, 1, 2}), group = longs({0, 0, 1});
  check_numbers(process_advantage(reward, mask, episode, group, all_usable(3), true),
                {0, 2, -1, 0});
  check_numbers(process_advantage(reward, mask, episode, group, all_usable(3), false),
                {1 * 2.0 - 3, 3 * 2.0 - 3, 1 * 2.0 - 3, 0});
  check_numbers(process_advantage(reward, mask, episode, group, bools({1, 0, 1}), true),
                {0, 0, 0, 0});
}

TEST_CASE("the scale is the largest sum from some token to the end") {
  CHECK(process_reward_scale(doubles({1, -4, 2, 5}), floats({1, 1, 1, 1}), longs({0, 0, 0, 1})) ==
        5);
  CHECK(process_reward_scale(doubles({1, -4, 2, 0}), floats({1, 1, 1, 1}), longs({0, 0, 0, 1})) ==
        2);
  CHECK(process_reward_scale(doubles({}), floats({}), longs({})) == 0);
}

TEST_CASE("groups are kept by their accuracy, bounds included") {
  const at::Tensor accuracy = doubles({1, 0, 1, 1, 0, 0}), group = longs({0, 0, 1, 1, 2, 2});
  const at::Tensor whole = bools({0, 0, 0, 0, 0, 0}), cut = bools({1, 0, 0, 0, 0, 0});
  const auto kept = [&](const at::Tensor& usable, const at::Tensor& truncated, double low,
                        double high, bool drop) {
    return group_is_kept(accuracy, group, usable, truncated, low, high, drop);
  };
  CHECK(at::equal(kept(all_usable(6), whole, 0.2, 0.8, true), bools({1, 0, 0})));
  CHECK(at::equal(kept(all_usable(6), whole, 0.5, 1, true), bools({1, 1, 0})));
  CHECK(at::equal(kept(all_usable(6), cut, 0, 1, true), bools({0, 1, 1})));
  CHECK(at::equal(kept(all_usable(6), cut, 0, 1, false), bools({1, 1, 1})));
  CHECK(at::equal(kept(bools({1, 1, 0, 0, 1, 0}), whole, 0, 1, true), bools({1, 0, 1})));
}
