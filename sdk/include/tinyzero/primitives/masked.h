// Sums and means over the tokens that count, in double. A masked token is invisible: it changes no
// other number.
//
// Shapes as in batch.h: x (N), mask (N) with 1 for tokens that count.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace tinyzero {

// A tensor as the loops of this folder read it: doubles on the CPU, one after the other.
inline at::Tensor as_doubles(const at::Tensor& x) {
  return x.detach().to(at::kCPU, at::kDouble).contiguous();
}

// Σ mask x.
inline double masked_sum(const at::Tensor& x, const at::Tensor& mask) {
  return (x.detach().to(at::kDouble) * mask).sum().item<double>();
}

// Σ mask x / Σ mask; 0 if nothing counts.
inline double masked_mean(const at::Tensor& x, const at::Tensor& mask) {
  const double count = mask.sum().item<double>();
  return count > 0 ? masked_sum(x, mask) / count : 0.0;
}

// (x - mean) / sqrt(var + 1e-8) over the tokens that count, var with ddof 1; 0 where the mask is 0.
// All 0 if fewer than two tokens count or all are equal: rounding of the mean must not teach. (N)
// -> (N) f64.
inline at::Tensor whiten(const at::Tensor& x, const at::Tensor& mask) {
  const at::Tensor counted = as_doubles(x).masked_select(mask.to(at::kCPU).gt(0));
  at::Tensor out = at::zeros({x.size(0)}, at::kDouble);
  if (counted.size(0) < 2 || counted.max().equal(counted.min())) return out;
  const at::Tensor normal =
      (counted - counted.mean()) / (counted.var(/*unbiased=*/true) + 1e-8).sqrt();
  return out.masked_scatter(mask.to(at::kCPU).gt(0), normal);
}

}  // namespace tinyzero
