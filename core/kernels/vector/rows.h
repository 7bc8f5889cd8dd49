// Work on the rows of a matrix, bound by the bandwidth of caches; and reading, which measures it.
#pragma once

#include "core/kernels/vector/basics.h"

namespace {

float read(const float* x, Index n) {
  V sum[4];
  for (V& s : sum) s = V::zero();
  for (Index i = 0; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int u = 0; u < 4; ++u) sum[u] = sum[u] + V::load(x + i + u * kLanes);
  }
  return (sum[0] + sum[1] + sum[2] + sum[3]).sum();
}

inline float inverse_rms(const float* x, Index n, float eps) {
  return 1.0f / __builtin_sqrtf(dot(x, x, n) / static_cast<float>(n) + eps);
}

void rms_norm(const float* x, Index ldx, const float* weight, float eps, Index m, Index n, float* y,
              Index ldy) {
  for (Index i = 0; i < m; ++i) {
    const V inverse = V::set1(inverse_rms(x + i * ldx, n, eps));
    for (Index j = 0; j < n; j += kLanes) {
      const Index w = smaller(n - j, kLanes);
      (V::load_n(x + i * ldx + j, w) * inverse * V::load_n(weight + j, w))
          .store_n(y + i * ldy + j, w);
    }
  }
}

void rms_norm_backward(const float* x, const float* weight, float eps, const float* dy, Index m,
                       Index n, float* dx, float* dweight) {
  for (Index i = 0; i < m; ++i) {
    const float *xi = x + i * n, *dyi = dy + i * n;
    const float s = inverse_rms(xi, n, eps);
    V along = V::zero();
    for (Index j = 0; j < n; j += kLanes) {
      const Index w = smaller(n - j, kLanes);
      along = fma(V::load_n(dyi + j, w) * V::load_n(weight + j, w), V::load_n(xi + j, w), along);
    }
    const V shift = V::set1(-s * s * s * along.sum() / static_cast<float>(n)), scale = V::set1(s);
    for (Index j = 0; j < n; j += kLanes) {
      const Index w = smaller(n - j, kLanes);
      const V xj = V::load_n(xi + j, w), dyj = V::load_n(dyi + j, w);
      fma(dyj * xj, scale, V::load_n(dweight + j, w)).store_n(dweight + j, w);
      fma(shift, xj, scale * dyj * V::load_n(weight + j, w)).store_n(dx + i * n + j, w);
    }
  }
}

inline V sigmoid(V x) { return V::set1(1.0f) / (V::set1(1.0f) + exponential(V::zero() - x)); }

void swiglu(const float* gate_up, Index m, Index n, float* y) {
  for (Index i = 0; i < m; ++i) {
    const float *gate = gate_up + i * 2 * n, *up = gate + n;
    for (Index j = 0; j < n; j += kLanes) {
      const Index w = smaller(n - j, kLanes);
      const V g = V::load_n(gate + j, w);
      (g * sigmoid(g) * V::load_n(up + j, w)).store_n(y + i * n + j, w);
    }
  }
}

void swiglu_backward(const float* gate_up, const float* dy, Index m, Index n, float* dgate_up) {
  const V one = V::set1(1.0f);
  for (Index i = 0; i < m; ++i) {
    const float *gate = gate_up + i * 2 * n, *up = gate + n;
    float *dgate = dgate_up + i * 2 * n, *dup = dgate + n;
    for (Index j = 0; j < n; j += kLanes) {
      const Index w = smaller(n - j, kLanes);
      const V g = V::load_n(gate + j, w), d = V::load_n(dy + i * n + j, w), s = sigmoid(g);
      (d * g * s).store_n(dup + j, w);
      (d * V::load_n(up + j, w) * s * fma(g, one - s, one)).store_n(dgate + j, w);
    }
  }
}

void rope(float* x, Index heads, Index head_dim, const float* cosines, const float* sines) {
  const Index half = head_dim / 2;
  for (Index h = 0; h < heads; ++h) {
    float *a = x + h * head_dim, *b = a + half;
    for (Index j = 0; j < half; j += kLanes) {
      const Index w = smaller(half - j, kLanes);
      const V aj = V::load_n(a + j, w), bj = V::load_n(b + j, w), c = V::load_n(cosines + j, w),
              s = V::load_n(sines + j, w);
      (aj * c - bj * s).store_n(a + j, w);
      fma(bj, c, aj * s).store_n(b + j, w);
    }
  }
}

}  // namespace
