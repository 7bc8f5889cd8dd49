// Numbers with their uncertainty.
#pragma once

#include <cstdint>

namespace tinyzero {

struct Interval {
  double low = 0, high = 1;
};

// Wilson's 95 % interval of a share: `right` of `total` (Wilson 1927, JASA 22). [0, 1] for a total of 0.
Interval wilson_interval(double right, double total);

// Unbiased pass@k of one problem: 1 - C(n-c, k) / C(n, k) for c right of n samples (arXiv:2107.03374); NaN if n < k.
double pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k);

}  // namespace tinyzero
