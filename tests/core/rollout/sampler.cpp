// Drawing a token: the rule, its edges, and the log-probability that comes with it.

#include "core/rollout/sampler.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "support/rollout.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/sampler");

// A million draws against the weights, by chi-square.
TEST_CASE("samples follow the distribution") {
  constexpr int kVocab = 24;
  float weights[kVocab];
  double total = 0;
  Rng rng(9);
  for (float& w : weights) total += w = static_cast<float>(std::exp(4.0 * rng.uniform()));
  std::vector<double> counts(kVocab);
  constexpr int kDraws = 1000000;
  for (int i = 0; i < kDraws; ++i) {
    const std::int64_t token =
        invert_cdf(weights, kVocab, 0.0, uniform_at(77, static_cast<std::uint64_t>(i)) * total);
    REQUIRE(token >= 0);
    counts[token] += 1;
  }
  double chi2 = 0;
  for (int i = 0; i < kVocab; ++i) {
    const double expected = kDraws * weights[i] / total;
    chi2 += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  CHECK(chi2 < 49.73);  // 99.9 % quantile with 23 degrees of freedom
}

TEST_CASE("a token of probability zero is never drawn") {
  const float weights[] = {0, 0, 1, 0, 2, 0};
  CHECK(invert_cdf(weights, 6, 0.0, 0.0) == 2);
  CHECK(invert_cdf(weights, 6, 0.0, 0.9999) == 2);
  CHECK(invert_cdf(weights, 6, 0.0, 1.0) == 4);
  CHECK(invert_cdf(weights, 6, 0.0, 3.0) == -1);
  CHECK(last_possible(weights, 6) == 4);
}

TEST_CASE("top-k and top-p at their edges") {
  std::vector<std::int32_t> order;
  const std::vector<float> start = {1, 4, 0, 4, 2, 5};
  const auto kept = [&](std::int64_t k, double p) {
    std::vector<float> w = start;
    const double sum = keep_likeliest(w.data(), 6, 16.0, k, p, order);
    CHECK(sum == doctest::Approx(std::accumulate(w.begin(), w.end(), 0.0)));
    return w;
  };
  using W = std::vector<float>;
  CHECK(kept(0, 1.0) == start);
  CHECK(kept(6, 1.0) == start);
  CHECK(kept(7, 1.0) == start);
  CHECK(kept(1, 1.0) == W{0, 0, 0, 0, 0, 5});
  CHECK(kept(2, 1.0) == W{0, 4, 0, 0, 0, 5});  // of equals the earlier
  CHECK(kept(3, 1.0) == W{0, 4, 0, 4, 0, 5});
  CHECK(kept(0, 0.0) == W{0, 0, 0, 0, 0, 5});       // one always stays
  CHECK(kept(0, 5.0 / 16) == W{0, 0, 0, 0, 0, 5});  // reached exactly
  CHECK(kept(0, 5.01 / 16) == W{0, 4, 0, 0, 0, 5});
  CHECK(kept(0, 13.0 / 16) == W{0, 4, 0, 4, 0, 5});
  CHECK(kept(0, 15.5 / 16) == W{1, 4, 0, 4, 2, 5});
  CHECK(kept(3, 9.0 / 13) == W{0, 4, 0, 0, 0, 5});  // p of what k leaves
}

TEST_CASE("logits that are no numbers are told from those that forbid a token") {
  const float infinity = std::numeric_limits<float>::infinity();
  std::vector<std::int32_t> order;
  for (const std::string name : kernel_names()) {
    for (const std::int64_t n : {1, 7, 16, 61, 1024, 1500}) {
      for (const double temperature : {0.0, 1.0, 0.3, 1e-300}) {
        CAPTURE(name);
        CAPTURE(n);
        CAPTURE(temperature);
        Sampling sampling = some_sampling();
        sampling.temperature = temperature;
        const auto drawn = [&](std::vector<float> logits) {
          return draw_token(kernels(name), logits.data(), n, sampling, 1, 2, order);
        };
        std::vector<float> logits(n, 1.0f);
        for (const std::size_t at : {std::size_t{0}, logits.size() / 2, logits.size() - 1}) {
          for (const float bad : {std::nanf(""), infinity}) {
            const float before = std::exchange(logits[at], bad);
            CHECK(drawn(logits).id == -1);
            CHECK(std::isnan(drawn(logits).logp));
            logits[at] = before;
          }
        }
        CHECK(drawn(std::vector<float>(logits.size(), -infinity)).id == -1);
        std::fill(logits.begin(), logits.end(), -infinity);
        logits[logits.size() / 2] = -3.0f;
        CHECK(drawn(logits).id == n / 2);
        CHECK(drawn(logits).logp == doctest::Approx(0).epsilon(1e-4));
      }
    }
  }
}

// Training compares these numbers with its own: a logarithm of a float would be off in the last
// bits.
TEST_CASE("the log-probability is the difference of logarithms of doubles, rounded once") {
  Rng rng(31);
  std::vector<std::int32_t> order;
  int told_apart = 0;  // draws where a logarithm of a float gives another number
  for (const std::string name : kernel_names()) {
    CAPTURE(name);
    for (std::uint64_t i = 0; i < 200; ++i) {
      std::vector<float> logits(61);
      for (float& l : logits) l = static_cast<float>(8 * rng.uniform());
      const Sampling sampling{.temperature = i % 2 == 0 ? 1.0 : 0.7};
      auto weights = logits;
      float largest = 0;
      double sum = 0;
      kernels(name).exponentials(weights.data(), 61, temperature_scale(sampling.temperature),
                                 largest, sum);
      const DrawnToken drawn = draw_token(kernels(name), logits.data(), 61, sampling, 5, i, order);
      const float weight = weights[drawn.id];
      REQUIRE(drawn.logp ==
              static_cast<float>(std::log(static_cast<double>(weight)) - std::log(sum)));
      const double of_float = std::log(weight);
      told_apart += drawn.logp != static_cast<float>(of_float - std::log(sum)) ? 1 : 0;
    }
  }
  CHECK(told_apart > 0);
}

TEST_CASE("the greedy log-probability is that under temperature 1, in double") {
  std::vector<std::int32_t> order;
  std::vector<float> logits = {0.5f, 2.0f, -1.0f, 2.0f};
  auto weights = logits;
  float largest = 0;
  double sum = 0;
  kernels("scalar").exponentials(weights.data(), 4, 1.0f, largest, sum);
  const DrawnToken drawn =
      draw_token(kernels("scalar"), logits.data(), 4, greedy_sampling(), 1, 2, order);
  CHECK(drawn.id == 1);  // the first of equals
  CHECK(drawn.logp == static_cast<float>(-std::log(sum)));
}

TEST_CASE("the scale of a temperature is finite, however small it is") {
  CHECK(temperature_scale(0.5) == 2.0f);
  CHECK(temperature_scale(1e-300) == std::numeric_limits<float>::max());
}

TEST_CASE("a sample's stream is named by seed, purpose, step, prompt and sample") {
  const Sampling base = some_sampling();
  Sampling seed = base, stream = base, step = base;
  seed.seed = 12;
  stream.stream = RandomStream::evaluation;
  step.step = 6;
  const Prompt prompt{.ids = {1}, .samples = 4};
  const Prompt named{.ids = {1}, .samples = 2, .number = 3, .first_sample = 1};
  const std::set<std::uint64_t> streams = {
      sample_stream(base, prompt, 0, 0),   sample_stream(base, prompt, 0, 1),
      sample_stream(base, prompt, 1, 0),   sample_stream(seed, prompt, 0, 0),
      sample_stream(stream, prompt, 0, 0), sample_stream(step, prompt, 0, 0)};
  CHECK(streams.size() == 6);
  CHECK(sample_stream(base, named, 0, 1) == sample_stream(base, prompt, 3, 2));
}
