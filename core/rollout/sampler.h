// Drawing a token from logits by inverting the cumulative distribution, with one uniform number per
// token, from a counter.
//
// The rule, which the kernels of devices share (cuda/sample_block.h):
//   p_i   = exp((l_i - max l) / T)
//   token = smallest i with p_0 + … + p_i > u · Σ p
//   logp  = log p_token - log Σ p                        in double, then rounded
// A token of probability 0 is never drawn.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/kernels/kernels.h"
#include "core/rollout/engine.h"

namespace tinyzero {

// The first token at which the running sum of n weights, which starts at `before`, exceeds the
// threshold; -1 if it never does. Weights are not negative, and not all 0.
template <class Sum>
inline std::int64_t invert_cdf(const float* weights, std::int64_t n, Sum before, Sum threshold) {
  Sum sum = before;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += static_cast<Sum>(weights[i]);
    if (sum > threshold) return i;
  }
  return -1;
}

// The last token with a weight above 0: the one to draw where rounding puts u · Σ p at the very
// end.
inline std::int64_t last_possible(const float* weights, std::int64_t n) {
  while (n > 1 && !(weights[n - 1] > 0.0f)) --n;
  return n - 1;
}

// Keeps the k likeliest of n tokens (0: all), and among them the likeliest whose weights reach `p`
// of their sum (at least one token). Sets the other weights to 0 and returns the sum of those kept.
// Of equal weights, the earlier token counts as likelier. `order` is scratch memory.
inline double keep_likeliest(float* weights, std::int64_t n, double sum, std::int64_t k, double p,
                             std::vector<std::int32_t>& order) {
  if ((k <= 0 || k >= n) && p >= 1.0) return sum;
  order.resize(n);
  for (std::int64_t i = 0; i < n; ++i) order[i] = static_cast<std::int32_t>(i);
  std::sort(order.begin(), order.end(), [&](std::int32_t a, std::int32_t b) {
    return weights[a] > weights[b] || (weights[a] == weights[b] && a < b);
  });
  const std::size_t most = k > 0 ? static_cast<std::size_t>(std::min(k, n)) : order.size();
  double among = 0, kept = 0;
  for (std::size_t i = 0; i < most; ++i) among += weights[order[i]];
  std::size_t count = 0;
  while (count < most && (count == 0 || kept < p * among)) kept += weights[order[count++]];
  for (std::size_t i = count; i < order.size(); ++i) weights[order[i]] = 0.0f;
  return kept;
}

struct DrawnToken {
  std::int32_t id;  // -1: a logit is NaN or infinite
  float logp;
};

// The factor of (logit - largest) at a temperature above 0: 1 / temperature, or the largest float.
float temperature_scale(double temperature);

// Draws a token with number `index` of the stream. `logits` (vocab) is overwritten; `order` is
// scratch memory.
DrawnToken draw_token(const Kernels& kernels, float* logits, std::int64_t vocab,
                      const Sampling& sampling, std::uint64_t stream, std::uint64_t index,
                      std::vector<std::int32_t>& order);

// The stream of a prompt's sample: `index` is the prompt's in the call, and `sample` counts from 0.
std::uint64_t sample_stream(const Sampling& sampling, const Prompt& prompt, std::size_t index,
                            std::int64_t sample);

}  // namespace tinyzero
