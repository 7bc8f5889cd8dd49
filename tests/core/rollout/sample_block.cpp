// The phases of the CUDA kernel, run on the host thread after thread, held against the rule they implement.

#include "core/rollout/cuda/sample_block.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/rollout/sample_block");

namespace {

struct Drawn {
  std::int64_t id;
  double logp;
};

// What a block does, with the barriers as the ends of loops.
Drawn by_phases(const SampleRow& row) {
  SampleScratch s;
  for (int t = 0; t < kSampleThreads; ++t) sample_find_largest(row, s, t);
  sample_take_largest(s);
  for (int t = 0; t < kSampleThreads; ++t) sample_sum_columns(row, s, t);
  sample_choose_warp(row, s);
  for (int t = 0; t < kSampleThreads; ++t) sample_sum_part(row, s, t);
  sample_take_token(row, s);
  return {s.id, s.logp};
}

// The rule as sampler.h states it, in double. `margin`: how far u · Σ p is from where the token would change.
Drawn by_rule(const SampleRow& row, double& margin) {
  const float* end = row.logits + row.vocab;
  const double largest = *std::max_element(row.logits, end), t = row.temperature > 0 ? row.temperature : 1.0;
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
    margin = std::min(threshold - sum, sum + std::exp((row.logits[id] - largest) / t) - threshold) / total;
  }
  return {id, (row.logits[id] - largest) / t - std::log(total)};
}

std::vector<float> random_logits(std::int64_t n, double spread, Rng& rng) {
  std::vector<float> logits(static_cast<std::size_t>(n));
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
        const SampleRow row{logits.data(), vocab, temperature, rng.next(), static_cast<std::uint64_t>(i)};
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
  CHECK(by_phases({flat.data(), 300, 0.0, 1, 0}).id == 0);
  std::vector<float> one(1000, -INFINITY);
  one[613] = 3.0f;
  for (std::uint64_t index = 0; index < 200; ++index) {
    const Drawn drawn = by_phases({one.data(), 1000, 1.0, 5, index});
    CHECK(drawn.id == 613);
    CHECK(drawn.logp == doctest::Approx(0.0));
  }
}
