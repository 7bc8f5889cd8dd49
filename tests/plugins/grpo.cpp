// GRPO and its family on a batch worked out by hand.

#include <doctest/doctest.h>

#include <cmath>

#include "support/judged_batch.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("plugins/grpo");

namespace {

Batch prepared(Algorithm& algorithm) {
  Batch b = judged_batch();
  RecordingHost host;
  algorithm.prepare(b, host);
  return b;
}

}  // namespace

// Rewards 1 and 0: mean 0.5, standard deviation sqrt(0.5); the second problem has no spread.
TEST_CASE("rewards are compared within their group") {
  const double scaled = 0.5 / std::sqrt(0.5);
  const struct {
    const char* settings;
    std::vector<double> advantage;  // by episode
  } cases[] = {
      {"{}", {scaled, -scaled, 0, 0}},
      {"{scale: none}", {0.5, -0.5, 0, 0}},
      {"{variant: rloo}", {1, -1, 0, 0}},
      {"{scale: none, overlong_penalty: 1, overlong_zone: 1}", {0.5, -0.5, 0, 0}},
      {"{variant: maxrl}", {1, -1, 0, 0}},
      {"{variant: opo}", {0.5, -0.5, 0, 0}},
      {"{variant: pass_at_k, pass_k: 1}", {1, -1, 0, 0}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.settings);
    const auto grpo = built_in_algorithm("grpo", c.settings);
    const Batch b = prepared(*grpo.algorithm);
    check_numbers(b.advantage.view({4, 2}).select(1, 0), c.advantage, 1e-5);
    check_numbers(b.advantage.view({4, 2}).select(1, 1), c.advantage, 1e-5);
  }
}

TEST_CASE("without a baseline returns are whitened over all tokens") {
  const auto grpo = built_in_algorithm("grpo", "{variant: reinforce_pp}");
  const Batch b = prepared(*grpo.algorithm);
  CHECK(b.advantage.mean().item<double>() == doctest::Approx(0).epsilon(1e-6));
  CHECK(b.advantage.var().item<double>() == doctest::Approx(1).epsilon(1e-5));
}

// At the policy that sampled every ratio is 1: the gradient is -A / tokens.
TEST_CASE("the gradient at the sampler is the advantage over the count") {
  for (const char* settings :
       {"{scale: none}", "{scale: none, objective: weighted}", "{scale: none, dual_clip: 3}"}) {
    CAPTURE(settings);
    const auto grpo = built_in_algorithm("grpo", settings);
    const Batch b = prepared(*grpo.algorithm);
    const PolicyLoss out = policy_loss(*grpo.algorithm, b, b.logp_old);
    check_numbers(out.gradient, {-0.5 / 8, -0.5 / 8, 0.5 / 8, 0.5 / 8, 0, 0, 0, 0}, 1e-5);
    CHECK(out.metrics.values().at("clipped").value() == 0);
  }
}

// Log-ratios of +1 for the right answer and -1 for the wrong one are beyond the clip.
TEST_CASE("beyond the clip there is no gradient, and the metric says how often") {
  const auto grpo = built_in_algorithm("grpo", "{scale: none, clip: [0.2, 0.28]}");
  const Batch b = prepared(*grpo.algorithm);
  const at::Tensor logp = b.logp_old + floats({1, 1, -1, -1, 0, 0, 0, 0});
  const PolicyLoss out = policy_loss(*grpo.algorithm, b, logp);
  CHECK(out.gradient.abs().max().item<double>() == 0);
  CHECK(out.metrics.values().at("clipped").value() == doctest::Approx(0.5));
  CHECK(out.loss == doctest::Approx(0.5 * (-1.28 + 0.8) * 2 / 8));
}

// Log-ratios of +-1 are far from the sampler.
TEST_CASE("variants have the gradients of their papers") {
  const at::Tensor ratios = floats({1, 1, -1, -1, 0, 0, 0, 0});
  const double gate = 1 / (1 + std::exp(-(std::exp(1.0) - 1)));
  const double down = 1 / (1 + std::exp(-1.05 * (std::exp(-1.0) - 1)));
  const double slope = 4 * std::exp(1.0) * gate * (1 - gate);
  const double slope_down = 4 * std::exp(-1.0) * down * (1 - down);
  const double scaled = 0.5 / std::sqrt(0.5) / 8;  // two tokens each of four episodes
  const struct {
    const char* settings;
    std::vector<double> gradient;  // of the first four tokens
  } cases[] = {
      {"{variant: sapo}",
       {-slope * scaled, -slope * scaled, slope_down * scaled, slope_down * scaled}},
      {"{variant: gmpo}", {0, 0, 0, 0}},
      {"{variant: topr}", {-0.5 / 4, -0.5 / 4, 0.5 / 4 * std::exp(-2.0), 0.5 / 4 * std::exp(-2.0)}},
  };
  for (const auto& c : cases) {
    CAPTURE(c.settings);
    const auto grpo = built_in_algorithm("grpo", c.settings);
    const Batch b = prepared(*grpo.algorithm);
    const PolicyLoss out = policy_loss(*grpo.algorithm, b, b.logp_old + ratios);
    check_numbers(out.gradient.narrow(0, 0, 4), c.gradient, 1e-5);
  }
}

TEST_CASE("a penalty in the reward stays small where the task gave all the same") {
  const auto grpo = built_in_algorithm("grpo", "{kl: 0.1, kl_in: reward, kl_estimator: k1}");
  Batch b = judged_batch();
  RecordingHost host;
  host.says["reference"] = b.logp_old + floats({0, 0, 0, 0, 0.1, 0.1, 0, 0});
  grpo.algorithm->prepare(b, host);
  const double scaled = 0.5 / std::sqrt(0.5);
  check_numbers(b.advantage.view({4, 2}).select(1, 0), {scaled, -scaled, 0.01, -0.01}, 1e-4);
}

TEST_CASE("settings that contradict each other are refused") {
  const auto fails = [](const char* settings, const char* words) {
    CHECK_THROWS_WITH_AS(built_in_algorithm("grpo", settings), doctest::Contains(words), Error);
  };
  fails("{baseline: length}", "scale: std belongs to baseline: group");
  fails("{baseline: others, scale: mean}", "scale: mean belongs to baseline: group");
  fails("{baseline: pass_k, overlong_penalty: 1}", "baseline: pass_k counts right completions");
  fails("{ratio: geometric, dual_clip: 3}", "ratio: geometric has a clip of its own");
  fails("{ratio: geometric, scale: batch}", "ratio: geometric needs one advantage");
  fails("{ratio: geometric, clip: [1, 0.5]}", "the logarithm of a ratio of 0");
  fails("{objective: tapered, ratio: sequence}", "objective: tapered has a ratio of its own");
  const auto grpo = built_in_algorithm("grpo", "{variant: pass_at_k}");
  CHECK_THROWS_WITH_AS(grpo.algorithm->check_plan({.samples = 3}),
                       doctest::Contains("pass_k is 4, and rollout.samples 3"),
                       std::invalid_argument);
}

TEST_CASE("dynamic sampling keeps problems whose samples differ") {
  const auto dapo = built_in_algorithm("grpo", "{variant: dapo}");
  CHECK(at::equal(dapo.algorithm->kept_groups(judged_batch()), bools({1, 0})));
  CHECK(dapo.algorithm->sampling_rounds() == 4);
  CHECK_FALSE(built_in_algorithm("grpo").algorithm->kept_groups(judged_batch()).defined());
}

TEST_CASE("an episode without advantage has a gradient only through a penalty or a bonus") {
  CHECK(built_in_algorithm("grpo").algorithm->zero_advantage_is_no_gradient());
  for (const char* settings : {"{kl: 0.1}", "{entropy: 0.01}", "{entropy_target: 0.5}"})
    CHECK_FALSE(built_in_algorithm("grpo", settings).algorithm->zero_advantage_is_no_gradient());
  const auto penalised = built_in_algorithm("grpo", "{kl: 0.1, kl_in: reward}");
  CHECK(penalised.algorithm->zero_advantage_is_no_gradient());
  CHECK(penalised.algorithm->auxiliary_models().front().name == "reference");
}

TEST_CASE(
    "plans in which nothing could be learned are refused, and settings that never act named") {
  const auto grpo = built_in_algorithm("grpo");
  CHECK_THROWS_WITH_AS(grpo.algorithm->check_plan({.samples = 1}),
                       doctest::Contains("rollout.samples is 1"), std::invalid_argument);
  CHECK_NOTHROW(grpo.algorithm->check_plan({.samples = 2}));
  const auto idle = grpo.algorithm->idle_settings({.samples = 2, .updates = 1, .steps = 9});
  REQUIRE(idle.size() == 1);
  CHECK(idle[0].name == "clip");
  CHECK(grpo.algorithm->idle_settings({.samples = 2, .updates = 2, .steps = 9}).empty());
}
