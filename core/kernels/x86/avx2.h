// The vector type for AVX2 with FMA: 8 lanes. A product's 12 sums leave 4 of the 16 registers.
#pragma once

#include <immintrin.h>

#include "core/kernels/kernels.h"

namespace {

constexpr int kTileRows = 6;

struct V {
  static constexpr int kLanes = 8;
  __m256 v;

  static __m256i first(std::int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n > kLanes ? kLanes : n)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static V set1(float x) { return {_mm256_set1_ps(x)}; }
  static V zero() { return {_mm256_setzero_ps()}; }
  static V load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static V load_n(const float* p, std::int64_t n) {
    return {n >= kLanes ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first(n))};
  }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  void store_n(float* p, std::int64_t n) const {
    if (n >= kLanes) _mm256_storeu_ps(p, v);
    else _mm256_maskstore_ps(p, first(n), v);
  }
  float sum() const {
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
  }
  float maximum() const {
    __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_max_ps(half, _mm_movehl_ps(half, half));
    return _mm_cvtss_f32(_mm_max_ss(half, _mm_movehdup_ps(half)));
  }
};

inline void hide_from_compiler(V& x) { asm volatile("" : "+x"(x.v)); }
inline V operator+(V a, V b) { return {_mm256_add_ps(a.v, b.v)}; }
inline V operator-(V a, V b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline V operator*(V a, V b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline V operator/(V a, V b) { return {_mm256_div_ps(a.v, b.v)}; }
inline V fma(V a, V b, V c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline V min(V a, V b) { return {_mm256_min_ps(a.v, b.v)}; }
inline V max(V a, V b) { return {_mm256_max_ps(a.v, b.v)}; }
inline V round(V a) {
  return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline V exp2i(V n) {
  return {_mm256_castsi256_ps(
      _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n.v), _mm256_set1_epi32(127)), 23))};
}
inline V select_below(std::int64_t i, std::int64_t n, V a, V b) {
  return {_mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(V::first(n - i)))};
}

inline V low_pairs(V a, V b) {
  return {_mm256_castpd_ps(_mm256_unpacklo_pd(_mm256_castps_pd(a.v), _mm256_castps_pd(b.v)))};
}
inline V high_pairs(V a, V b) {
  return {_mm256_castpd_ps(_mm256_unpackhi_pd(_mm256_castps_pd(a.v), _mm256_castps_pd(b.v)))};
}

inline void transpose(V (&x)[V::kLanes]) {
  // Half h of quad[4 g + c] becomes column 4 h + c of rows 4 g … 4 g + 3.
  V quad[V::kLanes];
  for (int row = 0; row < V::kLanes; row += 4) {
    const V low0{_mm256_unpacklo_ps(x[row].v, x[row + 1].v)};
    const V high0{_mm256_unpackhi_ps(x[row].v, x[row + 1].v)};
    const V low1{_mm256_unpacklo_ps(x[row + 2].v, x[row + 3].v)};
    const V high1{_mm256_unpackhi_ps(x[row + 2].v, x[row + 3].v)};
    quad[row] = low_pairs(low0, low1);
    quad[row + 1] = high_pairs(low0, low1);
    quad[row + 2] = low_pairs(high0, high1);
    quad[row + 3] = high_pairs(high0, high1);
  }
  for (int c = 0; c < 4; ++c) {
    x[c] = {_mm256_permute2f128_ps(quad[c].v, quad[4 + c].v, 0x20)};
    x[4 + c] = {_mm256_permute2f128_ps(quad[c].v, quad[4 + c].v, 0x31)};
  }
}

}  // namespace
