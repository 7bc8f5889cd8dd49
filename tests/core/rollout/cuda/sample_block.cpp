// The phases by which a block of a device draws a token, run on the host thread after thread, held
// against the rule they implement.

#include "core/rollout/cuda/sample_block.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/rollout/sampler.h"
#include "support/emulated_device.h"
#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/cuda/sample_block");

namespace {

Drawn by_phases(const SampleRow& row, bool falling = false) {
  SampleScratch s;
  EmulatedBlock<kSampleThreads> block(nullptr, falling);
  sample_block(block, row, s);
  return {s.id, s.logp};
}

// The rule as sampler.h states it, in double. `margin`: how far u · Σ p is from where the token
// would change.
Drawn by_rule(const SampleRow& row, double& margin) {
  const float* end = row.logits + row.vocab;
  const double largest = *std::max_element(row.logits, end),
               t = row.temperature > 0 ? row.temperature : 1.0;
  double total = 0;
  for (std::int64_t i = 0; i < row.vocab; ++i) total += std::exp((row.logits[i] - largest) / t);
  std::int64_t id = std::max_element(row.logits, end) - row.logits;
  margin = 1;
  if (row.temperature > 0) {
    const double threshold = uniform_at(row.stream, row.index) * total;
    double sum = 0;
    for (id = 0; id + 1 < row.vocab; ++id) {
      const double next = sum + std::exp((row.logits[id] - largest) / t);
      if (next > threshold) break;
      sum = next;
    }
    margin = std::min(threshold - sum, sum + std::exp((row.logits[id] - largest) / t) - threshold) /
             total;
  }
  return {static_cast<std::int32_t>(id),
          static_cast<float>((row.logits[id] - largest) / t - std::log(total))};
}

std::vector<float> random_logits(std::int64_t n, double spread, Rng& rng) {
  std::vector<float> logits(n);
  for (float& l : logits) l = static_cast<float>(spread * (rng.uniform() - 0.5));
  return logits;
}

}  // namespace

TEST_CASE("a block draws the token that the rule names, for vocabularies of every size") {
  Rng rng(7);
  int close_calls = 0, rows = 0;
  for (const std::int64_t vocab : {1, 2, 7, 255, 256, 257, 384, 4096, 151936}) {
    for (const double temperature : {0.0, 0.3, 1.0, 2.0}) {
      for (int i = 0; i < (vocab > 10000 ? 4 : 60); ++i, ++rows) {
        const auto logits = random_logits(vocab, i % 2 == 0 ? 4.0 : 40.0, rng);
        const SampleRow row{
            logits.data(), vocab, temperature, rng.next(), static_cast<std::uint64_t>(i), 0, 1.0};
        double margin = 0;
        const Drawn expected = by_rule(row, margin), drawn = by_phases(row);
        CAPTURE(vocab);
        CAPTURE(temperature);
        if (margin < 1e-6) {  // weights are f32 in the kernel: here either neighbour is right
          ++close_calls;
          continue;
        }
        CHECK(drawn.id == expected.id);
        CHECK(drawn.logp == doctest::Approx(expected.logp).epsilon(1e-5));
      }
    }
  }
  CHECK(close_calls < rows / 20);
}

TEST_CASE("ties go to the first, and a token of probability 0 is never drawn") {
  const std::vector<float> flat(300, 2.5f);
  CHECK(by_phases({flat.data(), 300, 0.0, 1, 0, 0, 1.0}).id == 0);
  std::vector<float> one(1000, -INFINITY);
  one[613] = 3.0f;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Drawn drawn = by_phases({one.data(), 1000, 1.0, 5, index, 0, 1.0});
    CHECK(drawn.id == 613);
    CHECK(drawn.logp == doctest::Approx(0.0));
  }
}

TEST_CASE("top-k and top-p keep what the sorting rule keeps, ties included") {
  Rng rng(11);
  std::vector<std::int32_t> order;
  for (const std::int64_t vocab : {1, 3, 40, 257, 1000}) {
    for (int i = 0; i < 150; ++i) {
      auto logits = random_logits(vocab, 6.0, rng);
      if (i % 2 == 0) {
        for (float& l : logits) l = std::round(l);  // many ties
      }
      const std::int64_t k =
          i % 3 == 0
              ? 0
              : 1 + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(vocab) + 2));
      const double p = i % 5 == 0 ? 1.0 : i % 7 == 0 ? 0.0 : rng.uniform();
      const SampleRow row{logits.data(), vocab, 0.7, rng.next(), 3, k, p};
      SampleScratch s;
      EmulatedBlock<kSampleThreads> block(nullptr, i % 2 == 1);
      sample_block(block, row, s);
      std::vector<float> weights(logits.size());
      for (std::int64_t c = 0; c < vocab; ++c) weights[c] = full_weight(row, s.largest, c);
      double sum = 0;
      for (const float w : weights) sum += static_cast<double>(w);
      sum = keep_likeliest(weights.data(), vocab, sum, k, p, order);
      CAPTURE(vocab);
      CAPTURE(k);
      CAPTURE(p);
      CHECK(s.total == doctest::Approx(sum));
      int different = 0;
      for (std::int64_t c = 0; c < vocab; ++c)
        different += sample_weight(row, s, c) == weights[c] ? 0 : 1;
      CHECK(different == 0);
      CHECK(weights[s.id] > 0);
    }
  }
}

TEST_CASE("logits that are no numbers are told from those that forbid a token") {
  for (const std::int64_t n : {1, 7, 300, 5000}) {
    for (const double temperature : {0.0, 1.0, 1e-300}) {
      for (const std::int64_t top_k : {0, 2}) {
        std::vector<float> logits(n, 1.0f);
        const auto logp = [&](const std::vector<float>& of) {
          return by_phases({of.data(), n, temperature, 1, 2, top_k, 1.0}).logp;
        };
        const auto score = [&](const std::vector<float>& of) {
          SampleScratch s;
          EmulatedBlock<kSampleThreads> block(nullptr, false);
          score_block(block, {of.data(), n, 1.0, 0, 0, 0, 1.0}, s, n / 2);
          return s.logp;
        };
        for (const std::size_t at : {std::size_t{0}, logits.size() / 2, logits.size() - 1}) {
          for (const float bad : {std::nanf(""), INFINITY}) {
            const float before = std::exchange(logits[at], bad);
            CHECK(std::isnan(logp(logits)));
            CHECK(std::isnan(score(logits)));
            logits[at] = before;
          }
        }
        CHECK(std::isnan(logp(std::vector<float>(logits.size(), -INFINITY))));
        std::fill(logits.begin(), logits.end(), -INFINITY);
        logits[logits.size() / 2] = -3.0f;
        CHECK(logp(logits) == doctest::Approx(0));
        CHECK(score(logits) == doctest::Approx(0));
      }
    }
  }
}

TEST_CASE("the log-probability of a given token") {
  Rng rng(12);
  const auto logits = random_logits(700, 9.0, rng);
  for (const double temperature : {0.5, 1.0}) {
    const SampleRow row{logits.data(), 700, temperature, 0, 0, 0, 1.0};
    double total = 0;
    for (const float l : logits) total += std::exp(l / temperature);
    for (const std::int64_t target : {0, 1, 256, 699}) {
      SampleScratch s;
      EmulatedBlock<kSampleThreads> block(nullptr, false);
      score_block(block, row, s, target);
      CHECK(s.logp ==
            doctest::Approx(logits[target] / temperature - std::log(total)).epsilon(1e-5));
    }
  }
}
