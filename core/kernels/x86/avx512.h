// The vector type for AVX-512 F, BW, VL and DQ: 16 lanes. A product's 24 sums leave 8 of the 32
// registers.
#pragma once

#include <immintrin.h>

#include "core/kernels/kernels.h"

namespace {

constexpr int kTileRows = 12;

struct V {
  static constexpr int kLanes = 16;
  __m512 v;

  static __mmask16 first(std::int64_t n) {
    return static_cast<__mmask16>(n >= kLanes ? 0xFFFFu : n <= 0 ? 0u : (1u << n) - 1u);
  }
  static V set1(float x) { return {_mm512_set1_ps(x)}; }
  static V zero() { return {_mm512_setzero_ps()}; }
  static V load(const float* p) { return {_mm512_loadu_ps(p)}; }
  static V load_n(const float* p, std::int64_t n) {
    return {n >= kLanes ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(first(n), p)};
  }
  void store(float* p) const { _mm512_storeu_ps(p, v); }
  void store_n(float* p, std::int64_t n) const {
    if (n >= kLanes) _mm512_storeu_ps(p, v);
    else _mm512_mask_storeu_ps(p, first(n), v);
  }
  float sum() const { return _mm512_reduce_add_ps(v); }
  float maximum() const { return _mm512_reduce_max_ps(v); }
};

inline void hide_from_compiler(V& x) { asm volatile("" : "+x"(x.v)); }
inline V operator+(V a, V b) { return {_mm512_add_ps(a.v, b.v)}; }
inline V operator-(V a, V b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline V operator*(V a, V b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline V operator/(V a, V b) { return {_mm512_div_ps(a.v, b.v)}; }
inline V fma(V a, V b, V c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline V min(V a, V b) { return {_mm512_min_ps(a.v, b.v)}; }
inline V max(V a, V b) { return {_mm512_max_ps(a.v, b.v)}; }
inline V round(V a) {
  return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline V exp2i(V n) { return {_mm512_scalef_ps(_mm512_set1_ps(1.0f), n.v)}; }
inline V select_below(std::int64_t i, std::int64_t n, V a, V b) {
  return {_mm512_mask_blend_ps(V::first(n - i), b.v, a.v)};
}

inline V low_pairs(V a, V b) {
  return {_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a.v), _mm512_castps_pd(b.v)))};
}
inline V high_pairs(V a, V b) {
  return {_mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a.v), _mm512_castps_pd(b.v)))};
}
inline V even_quarters(V a, V b) { return {_mm512_shuffle_f32x4(a.v, b.v, 0x88)}; }
inline V odd_quarters(V a, V b) { return {_mm512_shuffle_f32x4(a.v, b.v, 0xDD)}; }

inline void transpose(V (&x)[V::kLanes]) {
  // Quarter q of quad[4 g + c] becomes column 4 q + c of rows 4 g … 4 g + 3.
  V quad[V::kLanes];
  for (int row = 0; row < V::kLanes; row += 4) {
    const V low0{_mm512_unpacklo_ps(x[row].v, x[row + 1].v)};
    const V high0{_mm512_unpackhi_ps(x[row].v, x[row + 1].v)};
    const V low1{_mm512_unpacklo_ps(x[row + 2].v, x[row + 3].v)};
    const V high1{_mm512_unpackhi_ps(x[row + 2].v, x[row + 3].v)};
    quad[row] = low_pairs(low0, low1);
    quad[row + 1] = high_pairs(low0, low1);
    quad[row + 2] = low_pairs(high0, high1);
    quad[row + 3] = high_pairs(high0, high1);
  }
  for (int c = 0; c < 4; ++c) {
    const V even0 = even_quarters(quad[c], quad[4 + c]);
    const V odd0 = odd_quarters(quad[c], quad[4 + c]);
    const V even1 = even_quarters(quad[8 + c], quad[12 + c]);
    const V odd1 = odd_quarters(quad[8 + c], quad[12 + c]);
    x[c] = even_quarters(even0, even1);
    x[4 + c] = even_quarters(odd0, odd1);
    x[8 + c] = odd_quarters(even0, even1);
    x[12 + c] = odd_quarters(odd0, odd1);
  }
}

}  // namespace
