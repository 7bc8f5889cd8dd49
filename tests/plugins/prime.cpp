// PRIME and its reward model on a batch worked out by hand.

#include <doctest/doctest.h>

#include <cmath>

#include "support/judged_batch.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("plugins/prime");

TEST_CASE("the reward model learns, at temperature 1 beside a frozen reference") {
  const auto frozen = built_in_algorithm("prime").algorithm->auxiliary_models();
  REQUIRE(frozen.size() == 2);
  CHECK(frozen[0].name == "reward_model");
  CHECK(frozen[0].learning_rate > 0);
  CHECK(frozen[0].at_temperature_1);
  CHECK(frozen[0].epochs == 1);
  CHECK(frozen[1].name == "reward_reference");
  CHECK(frozen[1].learning_rate == 0);
  const auto own = built_in_algorithm("prime", "{reference: policy}").algorithm->auxiliary_models();
  REQUIRE(own.size() == 1);
  CHECK_FALSE(own[0].at_temperature_1);
}

// The logit of an episode is beta times the sum of log-ratios, its loss that of a classifier.
TEST_CASE("the reward model's loss is a classifier's, in the mean of episodes") {
  const auto prime = built_in_algorithm("prime", "{beta: 0.5}");
  RecordingHost host;
  Batch b = judged_batch();
  host.says["reward_reference"] = b.logp_old;
  host.says["reward_model"] = b.logp_old + floats({1, 1, -2, -2, -1, -1, 0.5, 0.5});
  prime.algorithm->prepare(b, host);
  const double z[] = {1, -2, -1, 0.5}, y[] = {1, 0, 0, 0};
  double loss = 0;
  for (int i = 0; i < 4; ++i) loss += std::log1p(std::exp(z[i])) - y[i] * z[i];
  CHECK(host.losses.at("reward_model") == doctest::Approx(loss / 4).epsilon(1e-5));
  // sigma(z) - y, times beta, over the episodes.
  const double g0 = (1 / (1 + std::exp(-1.0)) - 1) * 0.5 / 4,
               g1 = 1 / (1 + std::exp(2.0)) * 0.5 / 4;
  check_numbers(host.gradients.at("reward_model").slice(0, 0, 4), {g0, g0, g1, g1}, 1e-5);
  CHECK(host.metrics().values().at("reward_accuracy").value() == doctest::Approx(0.75));
}

TEST_CASE("the outcome alone is the leave-one-out advantage, whitened") {
  const auto prime = built_in_algorithm("prime", "{process: 0}");
  RecordingHost host;
  Batch b = judged_batch();
  prime.algorithm->prepare(b, host);
  check_numbers(b.advantage, {1, 1, -1, -1, 0, 0, 0, 0}, 0.35);
  CHECK(b.advantage[0].item<double>() == doctest::Approx(-b.advantage[2].item<double>()));
  CHECK(b.advantage[0].item<double>() > 0);
}

TEST_CASE("the reward model learns before or after it rewards") {
  for (const char* when : {"before", "after"}) {
    const auto prime = built_in_algorithm("prime", std::string("{update: ") + when + "}");
    RecordingHost host;
    Batch b = judged_batch();
    prime.algorithm->prepare(b, host);
    CHECK(host.losses.count("reward_model") == 1);
  }
}

TEST_CASE("problems are kept by their share of right samples") {
  const auto prime = built_in_algorithm("prime", "{accuracy: [0.2, 0.8]}");
  CHECK(at::equal(prime.algorithm->kept_groups(judged_batch()), bools({1, 0})));
  const auto all = built_in_algorithm("prime", "{accuracy: [0, 1]}");
  CHECK(at::equal(all.algorithm->kept_groups(judged_batch()), bools({1, 1})));
}

TEST_CASE("plans and settings in which nothing could be learned are refused") {
  const auto prime = built_in_algorithm("prime", "{accuracy: [0.4, 0.45]}");
  CHECK_THROWS_WITH_AS(prime.algorithm->check_plan({.samples = 1}),
                       doctest::Contains("rollout.samples is 1"), std::invalid_argument);
  CHECK_THROWS_WITH_AS(prime.algorithm->check_plan({.samples = 2}),
                       doctest::Contains("no share of 2 samples lies in it"),
                       std::invalid_argument);
  CHECK_NOTHROW(prime.algorithm->check_plan({.samples = 5}));
  CHECK_THROWS(built_in_algorithm("prime", "{accuracy: [0.8, 0.2]}"));
  CHECK_THROWS(built_in_algorithm("prime", "{process: 0, outcome: 0}"));
  CHECK_THROWS(built_in_algorithm("prime", "{reward_learning_rate: 0}"));
}
