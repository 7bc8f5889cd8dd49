// The share of a gradient that is signal, on synthetic gradients whose noise is known.

#include "core/learn/gradient_signal.h"

#include <doctest/doctest.h>

#include <cmath>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/learn/gradient_signal");

namespace {

// Of mean 0 and variance 1.
double noise(Rng& rng) { return std::sqrt(12.0) * (rng.uniform() - 0.5); }

struct Synthetic {
  std::int64_t numbers = 1000;
  std::int64_t problems = 8;
  std::int64_t shards = 1;
  double signal = 1;  // |G|²
  double noise = 8;   // expected squared norm of the noise in one problem's gradient
};

// The gradient of an update: the mean over problems of G plus noise. Problems go to shards in
// turns.
GradientSignal measure(const Synthetic& s, Rng& rng) {
  GradientHalves halves(s.numbers, s.shards);
  std::vector<at::Tensor> sums(s.shards);
  for (at::Tensor& sum : sums) sum = at::zeros({s.numbers}, at::kFloat);
  const std::int64_t half = s.problems / 2;
  const double mean = std::sqrt(s.signal / s.numbers), spread = std::sqrt(s.noise / s.numbers);
  for (std::int64_t p = 0; p < s.problems; ++p) {
    if (p == half) {
      for (std::int64_t i = 0; i < s.shards; ++i) halves.end_first(i, sums[i]);
    }
    float* sum = sums[p % s.shards].mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < s.numbers; ++i)
      sum[i] += static_cast<float>((mean + spread * noise(rng)) / s.problems);
  }
  for (std::int64_t i = 0; i < s.shards; ++i) halves.end(i, sums[i]);
  return halves.measure(static_cast<double>(half) / s.problems);
}

}  // namespace

TEST_CASE("signal and noise of synthetic gradients come out as they were put in") {
  Rng rng(5);
  for (const Synthetic s : {Synthetic{},
                            {.shards = 3},
                            {.problems = 7},
                            {.problems = 2},
                            {.signal = 0.1},
                            {.noise = 0}}) {
    CAPTURE(s.shards);
    CAPTURE(s.problems);
    CAPTURE(s.signal);
    CAPTURE(s.noise);
    NoiseScale scale;
    GradientSignal mean;
    constexpr int kUpdates = 300;
    for (int i = 0; i < kUpdates; ++i) {
      const GradientSignal one = measure(s, rng);
      mean.signal += one.signal / kUpdates;
      mean.total += one.total / kUpdates;
      scale.add(one);
    }
    CHECK(mean.signal == doctest::Approx(s.signal).epsilon(0.03));
    CHECK(mean.total == doctest::Approx(s.signal + s.noise / s.problems).epsilon(0.02));
    // Noise falls with the number of problems, and is as large as signal at noise / signal of them.
    CHECK(scale.completions(s.problems * 4.0) ==
          doctest::Approx(4 * s.noise / s.signal).epsilon(0.15));
  }
}

TEST_CASE("a large gradient is judged by a sample of its numbers, in proportion") {
  Rng rng(6);
  const Synthetic s{.numbers = 100000, .problems = 4, .signal = 1, .noise = 4};
  GradientSignal sum;
  for (int i = 0; i < 10; ++i) {
    const GradientSignal one = measure(s, rng);
    sum.signal += one.signal;
    sum.total += one.total;
  }
  CHECK(sum.signal / sum.total == doctest::Approx(0.5).epsilon(0.05));
  CHECK(sum.total < 10 * 2 / 4.0);  // a quarter of the numbers, at most
}

TEST_CASE("no signal has no noise scale") {
  CHECK(std::isinf(NoiseScale({.signal = 0, .total = 1}).completions(64)));
  CHECK(std::isinf(NoiseScale({.signal = -0.2, .total = 1}).completions(64)));
  CHECK(NoiseScale({.signal = 0.25, .total = 1}).completions(64) == doctest::Approx(192));
}
