// Drawing a token from logits by inverting the cumulative distribution: one uniform number a token, from a counter.
//
// The rule, which the CUDA kernels share (cuda/sample_block.h):
//   p_i = exp((l_i - max l) / T);  token = smallest i with p_0 + … + p_i > u · Σ p;  logp = log p_token - log Σ p.
// A token of probability 0 is never drawn.
#pragma once

#include <cstdint>

namespace tinyzero {

// The token at `threshold` of the running sum of weights (n of them, not negative, not all 0), which starts at `before`; -1 if the sum of these n does not pass the threshold.
template <class Sum>
inline std::int64_t invert_cdf(const float* weights, std::int64_t n, Sum before, Sum threshold) {
  Sum sum = before;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += static_cast<Sum>(weights[i]);
    if (sum > threshold) return i;
  }
  return -1;
}

// The last token with a weight above 0: where rounding leaves u · Σ p at the very end.
inline std::int64_t last_possible(const float* weights, std::int64_t n) {
  while (n > 1 && !(weights[n - 1] > 0.0f)) --n;
  return n - 1;
}

}  // namespace tinyzero
