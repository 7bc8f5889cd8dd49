// Softmax over the vocabulary, and its gradient.
#pragma once

#include "core/kernels/vector/basics.h"

namespace {

// Calls work(j, lanes x_j …, number of lanes) for all vectors, and end() after every 1,024 of the n
// numbers, so that partial sums in f32 stay short.
template <class Work, class End>
inline void for_scaled(const float* logits, Index n, float largest, float scale, const Work& work,
                       const End& end) {
  const V shift = V::set1(largest), factor = V::set1(scale);
  for (Index first = 0; first < n; first += 1024) {
    const Index stop = smaller(n, first + 1024);
    for (Index j = first; j < stop; j += kLanes) {
      const Index w = smaller(stop - j, kLanes);
      work(j, (V::load_n(logits + j, w) - shift) * factor, w);
    }
    end();
  }
}

void exponentials(float* logits, Index n, float scale, float& largest, double& sum) {
  largest = largest_of(logits, n);
  sum = 0;
  V partial = V::zero();
  for_scaled(
      logits, n, largest, scale,
      [&](Index j, V x, Index w) {
        const V e = select_below(0, w, exponential(x), V::zero());
        e.store_n(logits + j, w);
        partial = partial + e;
      },
      [&] {
        sum += partial.sum();
        partial = V::zero();
      });
}

void distribution(const float* logits, Index n, float scale, float& largest, double& sum,
                  double& weighted) {
  largest = largest_of(logits, n);
  sum = weighted = 0;
  V partial = V::zero(), partial_weighted = V::zero();
  for_scaled(
      logits, n, largest, scale,
      [&](Index, V x, Index w) {
        const V e = select_below(0, w, exponential(x), V::zero());
        partial = partial + e;
        // Not x e where x is -inf: -inf · 0 is NaN.
        partial_weighted =
            partial_weighted + select_below(0, w, max(x, V::set1(-88.0f)) * e, V::zero());
      },
      [&] {
        sum += partial.sum();
        weighted += partial_weighted.sum();
        partial = partial_weighted = V::zero();
      });
}

void logit_gradient(float* logits, Index n, float scale, const SoftmaxRow& softmax, float entropy,
                    float g, float e) {
  const V factor = V::set1(scale), largest = V::set1(softmax.largest),
          minus_log_sum = V::set1(-softmax.log_sum), h = V::set1(entropy), minus_g = V::set1(-g),
          minus_e = V::set1(-e);
  for (Index j = 0; j < n; j += kLanes) {
    const Index w = smaller(n - j, kLanes);
    const V log_p = max(fma(V::load_n(logits + j, w) - largest, factor, minus_log_sum),
                        V::set1(-88.0f)),
            p = exponential(log_p);
    (factor * p * fma(minus_e, log_p + h, minus_g)).store_n(logits + j, w);
  }
}

}  // namespace
