// The penalty for leaving a reference and the bonus for entropy, which any algorithm may have.

#include "tinyzero/regularizers.h"
#include "core/config/yaml.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/numbers.h"
#include "support/small_step.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/regularizers");

namespace {

// Two episodes of two tokens; a PlainHost's reference says 0.1 nats less of each.
Batch small_batch() {
  Batch b;
  b.episode = longs({0, 0, 1, 1});
  b.mask = floats({1, 1, 1, 0});
  b.logp_old = floats({-1, -2, -0.5f, -3});
  b.reward = doubles({1, 0});
  b.usable = bools({1, 1});
  b.group = longs({0, 0});
  b.length = longs({2, 2});
  b.all = b.counted();
  return b;
}

// A regularizer with settings in YAML, as an algorithm would have it.
template <class Regularizer>
Regularizer with(const std::string& settings) {
  Regularizer out;
  SettingsTable table;
  out.describe(table);
  const Node map = parse_yaml(settings, "settings");
  read_settings(&map, table, "algorithm");
  return out;
}

}  // namespace

TEST_CASE("without a weight there is no reference, and nothing changes") {
  auto kl = with<ReferencePenalty>("{}");
  PlainHost host;
  Batch b = small_batch();
  kl.prepare(b, host);
  CHECK(kl.auxiliary_models().empty());
  CHECK(b.added.empty());
  Metrics metrics;
  const at::Tensor terms = floats({1, 2, 3, 4});
  CHECK(at::equal(kl.added_to(terms, b.logp_old, b, metrics), terms));
  check_numbers(kl.of_rewards(b), {0, 0, 0, 0});
}

TEST_CASE("in the loss the penalty is added to the terms") {
  auto kl = with<ReferencePenalty>("{kl: 0.5}");
  PlainHost host;
  Batch b = small_batch();
  kl.prepare(b, host);
  REQUIRE(kl.auxiliary_models().size() == 1);
  CHECK(kl.auxiliary_models()[0].name == "reference");
  CHECK(kl.auxiliary_models()[0].learning_rate == 0);
  CHECK(kl.in_loss());
  Metrics metrics;
  const at::Tensor terms = kl.added_to(at::zeros({4}), b.logp_old, b, metrics);
  const double k3 = std::exp(-0.1) - 1 + 0.1;
  check_numbers(terms, {0.5 * k3, 0.5 * k3, 0.5 * k3, 0.5 * k3}, 1e-4);
  CHECK(metrics.values().at("kl_reference").value() == doctest::Approx(k3).epsilon(1e-4));
  check_numbers(kl.of_rewards(b), {0, 0, 0, 0});
}

TEST_CASE("in the reward the penalty is taken off, and its weight adapts to a target") {
  auto kl = with<ReferencePenalty>(
      "{kl: 0.5, kl_in: reward, kl_estimator: k1, kl_target: 0.05, kl_horizon: 10}");
  PlainHost host;
  Batch b = small_batch();
  kl.prepare(b, host);
  check_numbers(kl.of_rewards(b), {0.05, 0.05, 0.05, 0}, 1e-5);
  CHECK(host.kept("kl_weight", 0) == doctest::Approx(0.5 * (1 + 0.2 * 2 / 10)));
  CHECK(host.metrics().values().at("kl_weight").value() == 0.5);
  kl.prepare(b, host);
  CHECK(host.metrics().values().at("kl_weight").count == 2);
  check_numbers(kl.of_rewards(b), {0.052, 0.052, 0.052, 0}, 1e-5);
}

TEST_CASE("the reference is renewed every so many steps, not in the first") {
  auto kl = with<ReferencePenalty>("{kl: 0.1, reference_every: 2}");
  PlainHost host;
  for (host.step_number = 1; host.step_number <= 5; ++host.step_number) {
    Batch b = small_batch();
    kl.prepare(b, host);
  }
  CHECK(host.copied == std::vector<std::string>{"reference", "reference"});  // in steps 3 and 5
  CHECK(kl.idle_settings({.steps = 2}).size() == 1);
  CHECK(kl.idle_settings({.steps = 3}).empty());
}

TEST_CASE("k1 in the loss is refused") {
  CHECK_THROWS_WITH_AS(with<ReferencePenalty>("{kl: 0.1, kl_estimator: k1}").check(),
                       doctest::Contains("k1 has no effect in the loss"), std::invalid_argument);
  CHECK_NOTHROW(with<ReferencePenalty>("{kl: 0.1, kl_estimator: k1, kl_in: reward}").check());
}

TEST_CASE("the bonus is taken off the terms, with a weight that follows its target") {
  auto fixed = with<EntropyBonus>("{entropy: 0.01}");
  PlainHost host;
  const Batch b = small_batch();
  fixed.prepare(b, host);
  const PolicyOutput policy{b.logp_old, floats({1, 2, 3, 4})};
  check_numbers(fixed.added_to(at::zeros({4}), policy), {-0.01, -0.02, -0.03, -0.04}, 1e-5);

  // The sampler's entropy is estimated as the mean of -logp: 3.5 / 3.
  auto low = with<EntropyBonus>("{entropy_target: 2, entropy_step: 0.25}");
  low.prepare(b, host);
  CHECK(host.kept("entropy_weight", 0) == 0.25);
  auto high = with<EntropyBonus>("{entropy_target: 1, entropy_step: 0.2}");
  high.prepare(b, host);
  CHECK(host.kept("entropy_weight", 0) == doctest::Approx(0.05));
  high.prepare(b, host);
  CHECK(host.kept("entropy_weight", 0) == 0);
  CHECK(high.is_used());
  CHECK_FALSE(with<EntropyBonus>("{}").is_used());
  CHECK(with<EntropyBonus>("{entropy_target: 1, entropy_step: 0}").idle_settings().size() == 1);
}
