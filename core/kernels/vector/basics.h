// What all files of this folder share: lanes, index arithmetic, sums and exponentials.
#pragma once

#include "core/kernels/vector/contract.h"

namespace {

using tinyzero::AttentionShape;
using tinyzero::Index;
using tinyzero::KeyValues;
using tinyzero::LeftWords;
using tinyzero::SharedRows;
using tinyzero::SoftmaxRow;

static_assert(Vector<V>);

constexpr Index kLanes = V::kLanes;
constexpr Index kPanel = 2 * kLanes;  // columns of the result that one panel of a right side gives

inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index larger(Index a, Index b) { return a > b ? a : b; }
inline Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }

inline float largest_of(const float* x, Index n) {
  V top = V::set1(-__builtin_inff());
  Index j = 0;
  for (; j + kLanes <= n; j += kLanes) top = max(top, V::load(x + j));
  float largest = top.maximum();
  for (; j < n; ++j) largest = x[j] > largest ? x[j] : largest;
  return largest;
}

// exp(x) within 2 ulp on [-87.33, 88.37], its value at the nearer end outside: x = n ln 2 + r, a
// polynomial of degree 6 for exp(r), times 2^n. Cephes' split of ln 2.
inline V exponential(V x) {
  x = max(V::set1(-87.33f), min(V::set1(88.37f), x));
  const V n = round(x * V::set1(1.44269504f));
  V r = fma(n, V::set1(-0.693359375f), x);
  r = fma(n, V::set1(2.12194440e-4f), r);
  V p = V::set1(1.9875691500e-4f);
  p = fma(p, r, V::set1(1.3981999507e-3f));
  p = fma(p, r, V::set1(8.3334519073e-3f));
  p = fma(p, r, V::set1(4.1665795894e-2f));
  p = fma(p, r, V::set1(1.6666665459e-1f));
  p = fma(p, r, V::set1(5.0000001201e-1f));
  return fma(p * r, r, r + V::set1(1.0f)) * exp2i(n);
}

// Σ_j a[j] b[j]
inline float dot(const float* a, const float* b, Index n) {
  V sum = V::zero();
  Index j = 0;
  for (; j + kLanes <= n; j += kLanes) sum = fma(V::load(a + j), V::load(b + j), sum);
  if (j < n) sum = fma(V::load_n(a + j, n - j), V::load_n(b + j, n - j), sum);
  return sum.sum();
}

}  // namespace
