// Terms of losses by numbers worked out by hand; tests/sdk/primitives.cpp has the published ones.

#include "tinyzero/primitives/losses.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/numbers.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("sdk/primitives/losses");

namespace {

Batch batch_of(std::vector<std::int64_t> episodes, std::vector<float> mask, double tokens,
               double all_episodes) {
  Batch b;
  b.episode = longs(episodes);
  b.mask = at::tensor(mask);
  b.reward = at::zeros({episodes.back() + 1}, at::kDouble);
  b.logp_old = at::zeros({std::ssize(episodes)});
  b.all.tokens = tokens;
  b.all.episodes = all_episodes;
  b.all.samples = all_episodes;
  return b;
}

}  // namespace

// A = +1, clip 0.2/0.28: ratios 0.5, 1.25, 1.5, 4; then A = -1.
TEST_CASE("the clipped surrogate") {
  const at::Tensor rho = floats({0.5f, 1.25f, 1.5f, 4.0f});
  check_numbers(clipped_surrogate(rho, at::ones({4}), 0.2, 0.28), {-0.5, -1.25, -1.28, -1.28});
  check_numbers(clipped_surrogate(rho, -at::ones({4}), 0.2, 0.28), {0.8, 1.25, 1.5, 4.0});
  CHECK(at::equal(is_clipped(rho, at::ones({4}), 0.2, 0.28), longs({0, 0, 1, 1}).to(at::kBool)));
  CHECK(at::equal(is_clipped(rho, -at::ones({4}), 0.2, 0.28), longs({1, 0, 0, 0}).to(at::kBool)));
}

TEST_CASE("ratios are bounded, also where log-probs are not") {
  const at::Tensor rho = ratio(floats({0, 1e4f, -1e4f}), at::zeros({3}));
  check_numbers(rho, {1, std::exp(20.0), std::exp(-20.0)}, 1e-5);
}

TEST_CASE("k3 is the published number and never negative") {
  check_numbers(k3(floats({-1}), floats({-1.5f})), {0.106531}, 1e-5);
  const at::Tensor a = at::randn({1000}), b = at::randn({1000});
  CHECK(k3(a, b).min().item<double>() >= -1e-7);
}

TEST_CASE("aggregation divides by the whole update's counts") {
  const Batch b = batch_of({0, 0, 0, 1, 1}, {1, 1, 0, 1, 1}, 8, 4);
  const at::Tensor x = floats({1, 3, 100, 5, 7});
  CHECK(aggregate(x, b, "token").item<double>() == doctest::Approx(16.0 / 8));
  CHECK(aggregate(x, b, "sequence").item<double>() == doctest::Approx((2.0 + 6.0) / 4));
}

TEST_CASE("a fully masked batch has loss 0 and gradient 0") {
  const Batch b = batch_of({0, 0}, {0, 0}, 0, 0);
  for (const char* how : {"token", "sequence"}) {
    at::Tensor x = floats({1, 2}).set_requires_grad(true);
    const at::Tensor loss = aggregate(x, b, how);
    loss.backward();
    CHECK(loss.item<double>() == 0);
    CHECK(x.grad().abs().max().item<double>() == 0);
  }
}

TEST_CASE("other aggregations divide by episodes, or by samples and a constant") {
  const Batch b = batch_of({0, 0, 0, 1, 1}, {1, 1, 0, 1, 1}, 8, 4);
  const at::Tensor x = floats({1, 3, 100, 5, 7});
  CHECK(aggregate(x, b, "sequence_sum").item<double>() == doctest::Approx(16.0 / 4));
  CHECK(aggregate(x, b, "constant", 10).item<double>() == doctest::Approx(16.0 / 40));
}

TEST_CASE("estimates of the divergence") {
  const at::Tensor logp = doubles({-1, -2}), reference = doubles({-1.5, -1.5});
  check_numbers(kl_terms(logp, reference, {.kind = "k1"}), {0.5, -0.5});
  check_numbers(kl_terms(logp, reference, {.kind = "k2"}), {0.125, 0.125});
  check_numbers(kl_terms(logp, reference, {.kind = "k3"}),
                {std::exp(-0.5) - 0.5, std::exp(0.5) - 1.5});
  check_numbers(kl_terms(doubles({0}), doubles({50}), {.kind = "k3", .clamp_log_ratio = 2.0}),
                {std::exp(2.0) - 3});
}

TEST_CASE("a ratio of a sequence is one for all its trained tokens") {
  Batch b = batch_of({0, 0, 0, 1}, {1, 1, 0, 1}, 3, 2);
  const at::Tensor rho = sequence_ratio(floats({0.2f, 0.4f, 9.0f, -1.0f}), b);
  check_numbers(rho, {std::exp(0.3), std::exp(0.3), std::exp(0.3), std::exp(-1.0)}, 1e-5);
}

// Log-ratios -1 and 5 of the first episode, whose last token is not trained, and 0.5 of the second.
TEST_CASE("weights for sampler and trainer are cut at their bounds, or masked beyond them") {
  Batch b = batch_of({0, 0, 0, 1}, {1, 1, 0, 1}, 3, 2);
  b.logp_old = floats({1, 0, 0, 0});
  const at::Tensor trainer = floats({0, 5, 9, 0.5});
  const double half = std::exp(0.5), less = std::exp(-1.0);
  check_numbers(importance_weights(trainer, b, {.cap = 2}), {less, 2, 2, half}, 1e-5);
  check_numbers(importance_weights(trainer, b, {.cap = 2, .floor = 0.5}), {0.5, 2, 2, half}, 1e-5);
  check_numbers(importance_weights(trainer, b, {.cap = 2, .floor = 0.5, .mask = true}),
                {0, 0, 0, half}, 1e-5);
  check_numbers(importance_weights(trainer, b, {.cap = 100, .sequence = true}),
                {std::exp(4.0), std::exp(4.0), std::exp(4.0), half}, 1e-5);
  check_numbers(importance_weights(trainer, b, {.cap = 2, .mask = true, .sequence = true}),
                {0, 0, 0, half}, 1e-5);
}

// sigmoid(0) = 1/2: at a ratio of 1 the gate is 2 / tau, and its slope 1.
TEST_CASE("SAPO's gate has a slope of 1 at the sampler, and closes on both sides") {
  at::Tensor rho = doubles({1, 1, 3, 0}).requires_grad_(true);
  const at::Tensor advantage = doubles({1, -1, 1, -1});
  const at::Tensor terms = soft_gated(rho, advantage, 1.0, 2.0);
  check_numbers(terms, {-2, 1, -4 / (1 + std::exp(-2.0)), 2 / (1 + std::exp(2.0))});
  terms.sum().backward();
  const double far = 1 / (1 + std::exp(-2.0));
  check_numbers(rho.grad(), {-1, 1, -4 * far * (1 - far), 4 * far * (1 - far)});
}

// Log-ratios 0.1 and 1 of an episode that is pushed up, clipped at log(1.5), and -2 of one that is
// pushed down, clipped at log(0.5).
TEST_CASE("GMPO takes the mean of clipped log-ratios") {
  Batch b = batch_of({0, 0, 1}, {1, 1, 1}, 3, 2);
  b.logp_old = doubles({0, 0, 0});
  b.advantage = doubles({2, 2, -1});
  at::Tensor logp = doubles({0.1, 1, -2}).requires_grad_(true);
  const at::Tensor terms = geometric_surrogate(logp, b, 0.5, 0.5);
  const double up = std::exp((0.1 + std::log(1.5)) / 2);
  check_numbers(terms, {-2 * up, -2 * up, 0.5});
  terms.sum().backward();
  check_numbers(logp.grad(), {-2 * up, 0, 0});
}

// The second episode became less likely by exp(-3), the third more likely by exp(1).
TEST_CASE("TOPR tapers what is pushed down by how unlikely the completion has become") {
  Batch b = batch_of({0, 1, 1, 2}, {1, 1, 1, 1}, 4, 3);
  b.logp_old = doubles({0, 0, 0, 0});
  b.advantage = doubles({1, -1, -1, -1});
  at::Tensor logp = doubles({-2, -1, -2, 1}).requires_grad_(true);
  tapered(logp, b).sum().backward();
  check_numbers(logp.grad(), {-1, std::exp(-3.0), std::exp(-3.0), 1});
}

TEST_CASE("the dual clip is a bound where the advantage is negative") {
  check_numbers(dual_clipped(doubles({5, 5, 1}), doubles({-1, 1, -1}), 3), {3, 5, 1});
}

TEST_CASE("CISPO's gradient is that of log-probs, weighted by the clipped ratio") {
  at::Tensor logp = doubles({0.5, -2}).requires_grad_(true);
  const at::Tensor rho = ratio(logp, doubles({0, 0}));
  clipped_importance(rho, logp, doubles({2, 3}), 0.2, 0.28).sum().backward();
  check_numbers(logp.grad(), {-1.28 * 2, -0.8 * 3});
}

TEST_CASE("the weight of a penalty adapts by a fifth of the error at most") {
  CHECK(adapted_kl_weight(1, 3, 1, 100, 1000) == doctest::Approx(1.02));
  CHECK(adapted_kl_weight(1, 0, 1, 100, 1000) == doctest::Approx(0.98));
  CHECK(adapted_kl_weight(2, 1.1, 1, 100, 1000) == doctest::Approx(2.02));
}

TEST_CASE("a critic's error, and the clip that bounds its steps") {
  const at::Tensor value = doubles({1, 3}), old = doubles({0, 0}), returns = doubles({2, 2});
  check_numbers(value_terms(value, old, returns, {}), {0.5, 0.5});
  check_numbers(value_terms(value, old, returns, 0.5), {1.125, 1.125});
}

TEST_CASE("the classifier's loss is finite for any logit") {
  check_numbers(classification_terms(doubles({0, 2, -800, 800}), doubles({1, 0, 1, 0})),
                {std::log(2), std::log1p(std::exp(2)), 800, 800});
}

TEST_CASE("sums of episodes") {
  check_numbers(episode_sums(doubles({1, 2, 3, 4}), longs({0, 0, 2, 2}), 3), {3, 0, 7});
}
