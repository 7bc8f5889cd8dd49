// GRPO's parts by hand-checked numbers (tests/golden/algorithms holds the published ones) and by
// their properties.

#include <doctest/doctest.h>

#include <cmath>

#include "tinyzero/primitives.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("plugins/grpo");

namespace {

at::Tensor doubles(std::vector<double> values) { return at::tensor(values, at::kDouble); }
at::Tensor longs(std::vector<std::int64_t> values) { return at::tensor(values); }
at::Tensor all_usable(std::int64_t n) { return at::ones({n}, at::kBool); }

void check(const at::Tensor& got, const std::vector<double>& expected, double tolerance = 1e-6) {
  REQUIRE(got.size(0) == static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(got[static_cast<std::int64_t>(i)].item<double>() ==
          doctest::Approx(expected[i]).epsilon(tolerance));
}

Batch batch_of(std::vector<std::int64_t> episodes, std::vector<float> mask, double tokens,
               double all_episodes) {
  Batch b;
  b.episode = longs(episodes);
  b.mask = at::tensor(mask);
  b.reward = at::zeros({episodes.back() + 1}, at::kDouble);
  b.logp_old = at::zeros({static_cast<std::int64_t>(episodes.size())});
  b.all.tokens = tokens;
  b.all.episodes = all_episodes;
  b.all.samples = all_episodes;
  return b;
}

}  // namespace

// Computed with verl, OpenRLHF and slime, which agree: rewards 1, 0, 0, 0.1.
TEST_CASE("group advantages") {
  const at::Tensor r = doubles({1, 0, 0, 0.1}), g = longs({0, 0, 0, 0});
  check(group_advantage(r, g, all_usable(4), true, 1e-6),
        {1.492913, -0.566277, -0.566277, -0.360358}, 1e-5);
  check(group_advantage(r, g, all_usable(4), false, 1e-6), {0.725, -0.275, -0.275, -0.175});
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
  check(a, {2.0 / 3, 0, -1.0 / 3, -1.0 / 3});
}

TEST_CASE("scaled advantages do not change when rewards are scaled and shifted") {
  const at::Tensor r = doubles({1, 0, 0.5, 0.25, 3, 1}), g = longs({0, 0, 0, 1, 1, 1});
  const at::Tensor a = group_advantage(r, g, all_usable(6), true, 0),
                   b = group_advantage(r * 7 - 3, g, all_usable(6), true, 0);
  CHECK((a - b).abs().max().item<double>() < 1e-12);
}

// A = +1, clip 0.2/0.28: ratios 0.5, 1.25, 1.5, 4; then A = -1.
TEST_CASE("the clipped surrogate") {
  const at::Tensor rho = at::tensor(std::vector<float>{0.5f, 1.25f, 1.5f, 4.0f});
  check(clipped_surrogate(rho, at::ones({4}), 0.2, 0.28), {-0.5, -1.25, -1.28, -1.28});
  check(clipped_surrogate(rho, -at::ones({4}), 0.2, 0.28), {0.8, 1.25, 1.5, 4.0});
  CHECK(at::equal(is_clipped(rho, at::ones({4}), 0.2, 0.28),
                  at::tensor(std::vector<std::int64_t>{0, 0, 1, 1}).to(at::kBool)));
  CHECK(at::equal(is_clipped(rho, -at::ones({4}), 0.2, 0.28),
                  at::tensor(std::vector<std::int64_t>{1, 0, 0, 0}).to(at::kBool)));
}

TEST_CASE("ratios are bounded, also where log-probs are not") {
  const at::Tensor rho = ratio(at::tensor(std::vector<float>{0, 1e4f, -1e4f}), at::zeros({3}));
  check(rho, {1, std::exp(20.0), std::exp(-20.0)}, 1e-5);
}

TEST_CASE("k3 is the published number and never negative") {
  check(k3(at::tensor(std::vector<float>{-1}), at::tensor(std::vector<float>{-1.5f})), {0.106531},
        1e-5);
  const at::Tensor a = at::randn({1000}), b = at::randn({1000});
  CHECK(k3(a, b).min().item<double>() >= -1e-7);
}

TEST_CASE("aggregation divides by the whole update's counts") {
  const Batch b = batch_of({0, 0, 0, 1, 1}, {1, 1, 0, 1, 1}, 8, 4);
  const at::Tensor x = at::tensor(std::vector<float>{1, 3, 100, 5, 7});
  CHECK(aggregate(x, b, "token").item<double>() == doctest::Approx(16.0 / 8));
  CHECK(aggregate(x, b, "sequence").item<double>() == doctest::Approx((2.0 + 6.0) / 4));
}

TEST_CASE("a fully masked batch has loss 0 and gradient 0") {
  const Batch b = batch_of({0, 0}, {0, 0}, 0, 0);
  for (const char* how : {"token", "sequence"}) {
    at::Tensor x = at::tensor(std::vector<float>{1, 2}).set_requires_grad(true);
    const at::Tensor loss = aggregate(x, b, how);
    loss.backward();
    CHECK(loss.item<double>() == 0);
    CHECK(x.grad().abs().max().item<double>() == 0);
  }
}
