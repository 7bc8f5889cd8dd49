// PPO and its critic on a batch worked out by hand.

#include <doctest/doctest.h>

#include <cmath>

#include "support/judged_batch.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("plugins/ppo");

TEST_CASE("the critic is a copy of the policy with a value head and an optimizer of its own") {
  const auto ppo = built_in_algorithm("ppo", "{critic_learning_rate: 0.002, critic_clip_norm: 3}");
  const auto models = ppo.algorithm->auxiliary_models();
  REQUIRE(models.size() == 1);
  CHECK(models[0].name == "critic");
  CHECK(models[0].value_head);
  CHECK(models[0].learning_rate == 0.002);
  CHECK(models[0].clip_norm == 3);
  CHECK(built_in_algorithm("ppo", "{kl: 0.1}").algorithm->auxiliary_models().size() == 2);
}

// gamma = lambda = 1: the return of every token is the episode's reward, its advantage the return
// minus the value.
TEST_CASE("advantages are returns minus values") {
  const auto ppo = built_in_algorithm("ppo", "{whiten: false}");
  RecordingHost host;
  host.says["critic"] = floats({0.5, 0.25, 0.5, 0.25, 0, 0, 0, 0});
  Batch b = judged_batch();
  ppo.algorithm->prepare(b, host);
  check_numbers(b.advantage, {0.5, 0.75, -0.5, -0.25, 0, 0, 0, 0});
  check_numbers(b.added.at("returns"), {1, 1, 0, 0, 0, 0, 0, 0});
  // The mean of (V - R)² / 2, whose gradient is (V - R) / tokens.
  CHECK(host.losses.at("critic") ==
        doctest::Approx((0.25 + 0.5625 + 0.25 + 0.0625) / 2 / 8).epsilon(1e-5));
  check_numbers(host.gradients.at("critic"), {-0.5 / 8, -0.75 / 8, 0.5 / 8, 0.25 / 8, 0, 0, 0, 0},
                1e-5);
  const double variance = 0.25 - 0.0625;
  CHECK(host.metrics().values().at("value_explained").value() ==
        doctest::Approx(1 - 1.125 / 8 / variance).epsilon(1e-5));
}

TEST_CASE("whitened advantages have mean 0 and variance 1") {
  const auto ppo = built_in_algorithm("ppo");
  RecordingHost host;
  host.says["critic"] = at::zeros({8});
  Batch b = judged_batch();
  ppo.algorithm->prepare(b, host);
  CHECK(b.advantage.mean().item<double>() == doctest::Approx(0).epsilon(1e-6));
  CHECK(b.advantage.var().item<double>() == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("while the critic warms up the policy stays where it is") {
  const auto ppo =
      built_in_algorithm("ppo", "{critic_warmup: 2, kl: 0.1, kl_in: loss, kl_estimator: k3}");
  RecordingHost host;
  host.says["critic"] = at::zeros({8});
  host.says["reference"] = judged_batch().logp_old - 1;
  for (host.step_number = 1; host.step_number <= 3; ++host.step_number) {
    CAPTURE(host.step_number);
    Batch b = judged_batch();
    ppo.algorithm->prepare(b, host);
    const bool warming = host.step_number <= 2;
    CHECK(ppo.algorithm->zero_advantage_is_no_gradient() == warming);
    const PolicyLoss out = policy_loss(*ppo.algorithm, b, b.logp_old);
    CHECK((out.gradient.abs().max().item<double>() == 0) == warming);
    CHECK(host.losses.at("critic") > 0);
  }
}

TEST_CASE("a value may leave the old one by so much, then its gradient stops") {
  const auto ppo = built_in_algorithm("ppo", "{value_clip: 0.1}");
  RecordingHost host;
  host.says["critic"] = at::zeros({8});
  Batch b = judged_batch();
  ppo.algorithm->prepare(b, host);
  // In the loss the critic has moved 0.5 towards the return: the clipped error is the larger one.
  b.added["value_old"] = at::zeros({8});
  RecordingHost moved;
  moved.says["critic"] = floats({0.5, 0.5, 0, 0, 0, 0, 0, 0});
  Batch again = judged_batch();
  ppo.algorithm->prepare(again, moved);
  CHECK(moved.metrics().values().at("value").value() == doctest::Approx(1.0 / 8));
  CHECK(moved.metrics().values().at("value_clipped").value() == 0);
}

TEST_CASE("settings that contradict each other are refused") {
  CHECK_THROWS(built_in_algorithm("ppo", "{critic_learning_rate: 0}"));
  CHECK_THROWS(built_in_algorithm("ppo", "{dual_clip: 0.5}"));
  CHECK_NOTHROW(built_in_algorithm("ppo", "{dual_clip: 3}"));
  const auto ppo = built_in_algorithm("ppo", "{critic_warmup: 5}");
  const auto idle = ppo.algorithm->idle_settings({.samples = 1, .updates = 2, .steps = 5});
  REQUIRE(idle.size() == 1);
  CHECK(idle[0].name == "critic_warmup");
}
