// The table for AVX2 with FMA, bf16. AVX2 has no products of bf16, so each takes two of f32. The
// table computes on older machines what a machine with bf16 computes, and tests the bf16 paths of
// vector/.

#include "core/kernels/x86/avx2.h"

#include "core/kernels/tables.h"

namespace {

constexpr const char* kName = "avx2-bf16";

struct Words {
  static constexpr tinyzero::Index kNumbersPerWord = 2;

  static V multiply_add(V a, V b, V c) {
    const __m256i x = _mm256_castps_si256(a.v), y = _mm256_castps_si256(b.v),
                  high = _mm256_set1_epi32(static_cast<int>(0xFFFF0000u));
    const __m256 first = _mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)),
                                         _mm256_castsi256_ps(_mm256_slli_epi32(y, 16)), c.v);
    return {_mm256_fmadd_ps(_mm256_castsi256_ps(_mm256_and_si256(x, high)),
                            _mm256_castsi256_ps(_mm256_and_si256(y, high)), first)};
  }

  static V load_n(const float* x, tinyzero::Index n) {
    const __m256i a = _mm256_srli_epi32(rounded(V::load_n(x, n)), 16),
                  b = _mm256_srli_epi32(rounded(V::load_n(x + V::kLanes, n - V::kLanes)), 16);
    return {_mm256_castsi256_ps(_mm256_permute4x64_epi64(_mm256_packus_epi32(a, b), 0xD8))};
  }

  static V pair(V a, V b) {
    return {_mm256_castsi256_ps(_mm256_or_si256(_mm256_srli_epi32(rounded(a), 16), rounded(b)))};
  }

  static V second(V words, V b) {
    return {_mm256_castsi256_ps(_mm256_or_si256(
        _mm256_and_si256(_mm256_castps_si256(words.v), _mm256_set1_epi32(0xFFFF)), rounded(b)))};
  }

 private:
  // bf16 in the high halves: to nearest, ties to even; subnormal numbers become 0, as in AVX-512.
  static __m256i rounded(V x) {
    const __m256i bits = _mm256_castps_si256(x.v),
                  top = _mm256_set1_epi32(static_cast<int>(0xFFFF0000u)),
                  sign = _mm256_and_si256(bits, _mm256_set1_epi32(static_cast<int>(0x80000000u))),
                  odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1)),
                  sum = _mm256_and_si256(
                      _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF))),
                      top),
                  tiny = _mm256_cmpeq_epi32(_mm256_and_si256(bits, _mm256_set1_epi32(0x7F800000)),
                                            _mm256_setzero_si256());
    const __m256 number = _mm256_castsi256_ps(_mm256_blendv_epi8(sum, sign, tiny));
    return _mm256_castps_si256(_mm256_blendv_ps(number,
                                                _mm256_castsi256_ps(_mm256_set1_epi32(0x7FC00000)),
                                                _mm256_cmp_ps(x.v, x.v, _CMP_UNORD_Q)));
  }
};

}  // namespace

#include "core/kernels/vector/table.h"

const tinyzero::Kernels& tinyzero::avx2_bf16_kernels() { return kTable; }
