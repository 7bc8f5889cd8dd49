// Advantages by numbers worked out by hand; tests/sdk/primitives.cpp has the published ones.

#include "tinyzero/primitives/advantages.h"

#include <doctest/doctest.h>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/primitives/advantages");

// Computed with verl, OpenRLHF and slime, which agree: rewards 1, 0, 0, 0.1.
TEST_CASE("group advantages") {
  const at::Tensor r = doubles({1, 0, 0, 0.1}), g = longs({0, 0, 0, 0});
  check_numbers(group_advantage(r, g, all_usable(4), true, 1e-6),
                {1.492913, -0.566277, -0.566277, -0.360358}, 1e-5);
  check_numbers(group_advantage(r, g, all_usable(4), false, 1e-6), {0.725, -0.275, -0.275, -0.175});
}

TEST_CASE("groups without spread are exactly zero, whatever their reward") {
  for (const double reward : {0.0, 0.1, 0.7, 1.0 / 3.0}) {
    for (const std::int64_t n : {1, 2, 8, 16}) {
      const at::Tensor a = group_advantage(at::full({n}, reward, at::kDouble),
                                           at::zeros({n}, at::kLong), all_usable(n), true, 1e-6);
      CHECK(a.abs().max().item<double>() == 0);
    }
  }
}

TEST_CASE("episodes that could not be judged are outside the group") {
  at::Tensor usable = all_usable(4);
  usable[1] = false;
  const at::Tensor a =
      group_advantage(doubles({1, 99, 0, 0}), longs({0, 0, 0, 0}), usable, false, 0);
  check_numbers(a, {2.0 / 3, 0, -1.0 / 3, -1.0 / 3});
}

TEST_CASE("scaled advantages do not change when rewards are scaled and shifted") {
  const at::Tensor r = doubles({1, 0, 0.5, 0.25, 3, 1}), g = longs({0, 0, 0, 1, 1, 1});
  const at::Tensor a = group_advantage(r, g, all_usable(6), true, 0),
                   b = group_advantage(r * 7 - 3, g, all_usable(6), true, 0);
  CHECK((a - b).abs().max().item<double>() < 1e-12);
}

TEST_CASE("members of a group are its usable episodes") {
  const auto members = members_of(longs({1, 0, 1, 2}), bools({1, 1, 0, 1}));
  CHECK(members == std::vector<std::vector<std::int64_t>>{{1}, {0}, {3}});
  CHECK(members_of(longs({}), bools({})).empty());
}

TEST_CASE("leave-one-out compares with the mean of the others") {
  const at::Tensor group = longs({0, 0, 0, 1, 1, 2});
  check_numbers(leave_one_out(doubles({1, 0, 0.5, 2, 2, 7}), group, all_usable(6)),
                {0.75, -0.75, 0, 0, 0, 0});
  check_numbers(leave_one_out(doubles({1, 0, 0.5, 2, 3, 7}), group, bools({1, 1, 0, 1, 0, 1})),
                {1, -1, 0, 0, 0, 0});
}

TEST_CASE("a group has spread if usable members differ") {
  const at::Tensor spread =
      has_spread(doubles({1, 1, 0, 1, 0, 0}), longs({0, 0, 1, 1, 2, 2}), bools({1, 1, 1, 0, 1, 1}));
  CHECK(at::equal(spread, bools({0, 0, 0})));
  CHECK(at::equal(has_spread(doubles({1, 0}), longs({0, 0}), all_usable(2)), bools({1})));
}

TEST_CASE("an episode's number goes to its tokens, or to its last token that counts") {
  const at::Tensor episode = longs({0, 0, 0, 1, 1, 2});
  check_numbers(spread_to_tokens(doubles({3, 4, 5}), episode), {3, 3, 3, 4, 4, 5});
  check_numbers(on_last_token(doubles({3, 4, 5}), floats({1, 1, 0, 1, 1, 0}), episode),
                {0, 3, 0, 0, 4, 0});
}

// gamma 0.5, lambda 0.5; delta = r + 0.5 V' - V, A = delta + 0.25 A'.
TEST_CASE("generalized advantages by hand, a masked token being invisible") {
  const at::Tensor reward = doubles({0, 99, 1, 2}), value = doubles({1, 99, 2, 4});
  const Gae gae =
      generalized_advantage(reward, value, floats({1, 0, 1, 1}), longs({0, 0, 0, 1}), 0.5, 0.5);
  check_numbers(gae.advantage, {0 - 0.25, 0, -1, -2});
  check_numbers(gae.returns, {0.75, 0, 1, 2});
  check_numbers(return_to_go(doubles({1, 1, 1}), floats({1, 1, 1}), longs({0, 0, 1}), 0.5),
                {1.5, 1, 1});
}

TEST_CASE("the soft penalty falls in a line from the zone on") {
  check_numbers(overlong_penalty(longs({5, 8, 9, 10, 12}), 10, 2, 3), {0, 0, -1.5, -3, -3});
  check_numbers(overlong_penalty(longs({10, 11}), 10, 0, 3), {0, -3});
}

TEST_CASE("a group's deviation is what group advantages are divided by") {
  const at::Tensor r = doubles({1, 0, 0, 0.1, 3, 3}), g = longs({0, 0, 0, 0, 1, 1});
  const at::Tensor plain = group_advantage(r, g, all_usable(6), false, 0);
  const at::Tensor scaled = group_advantage(r, g, all_usable(6), true, 1e-6);
  const at::Tensor deviation = group_deviation(r, g, all_usable(6), 1e-6);
  CHECK(at::equal(plain / deviation, scaled));
  check_numbers(deviation.narrow(0, 4, 2), {1, 1});
}

TEST_CASE("MaxRL divides by the mean: a rare success weighs as much as all failures together") {
  check_numbers(advantage_over_mean(doubles({1, 0, 0, 0, 1, 1, 0, 0}),
                                    longs({0, 0, 0, 0, 1, 1, 2, 2}), all_usable(8)),
                {3, -1, -1, -1, 0, 0, 0, 0});
  check_numbers(advantage_over_mean(doubles({-1, 0}), longs({0, 0}), all_usable(2)), {0, 0});
}

TEST_CASE("OPO's baseline weighs rewards by length") {
  check_numbers(length_weighted_advantage(doubles({1, 0, 0, 2, 2}), longs({2, 4, 4, 1, 9}),
                                          longs({0, 0, 0, 1, 1}), all_usable(5)),
                {0.8, -0.2, -0.2, 0, 0});
  check_numbers(length_weighted_advantage(doubles({1, 0, 9}), longs({1, 3, 5}), longs({0, 0, 0}),
                                          bools({1, 1, 0})),
                {0.75, -0.25, 0});
}

// One right of four, k = 2: R = 1 - 3/6, sigma = 1/2; a wrong one: (1/2 - 2/3) / sigma.
TEST_CASE("pass@k rewards what adds to the group's chance") {
  const at::Tensor group = longs({0, 0, 0, 0});
  const at::Tensor one = bools({1, 0, 0, 0});
  check_numbers(pass_at_k_advantage(one, group, all_usable(4), 2, true),
                {1, -1.0 / 3, -1.0 / 3, -1.0 / 3});
  check_numbers(pass_at_k_advantage(one, group, all_usable(4), 2, false),
                {0.5, -1.0 / 6, -1.0 / 6, -1.0 / 6});
  // Three wrong ones cannot be drawn from two: every draw of three has a right one.
  check_numbers(pass_at_k_advantage(bools({1, 1, 0, 0}), group, all_usable(4), 3, true),
                {0, 0, 0, 0});
  check_numbers(pass_at_k_advantage(bools({0, 0, 0, 0}), group, all_usable(4), 2, true),
                {0, 0, 0, 0});
  check_numbers(pass_at_k_advantage(bools({1, 1, 1, 1}), group, all_usable(4), 2, true),
                {0, 0, 0, 0});
}

TEST_CASE("pass@1 is the group's standardized reward") {
  const at::Tensor right = bools({1, 0, 1, 0, 0}), group = longs({0, 0, 0, 0, 0});
  const at::Tensor a = pass_at_k_advantage(right, group, all_usable(5), 1, true);
  const at::Tensor b =
      group_advantage(right.to(at::kDouble), group, all_usable(5), true, 0, /*ddof=*/0);
  CHECK((a - b).abs().max().item<double>() < 1e-12);
}
