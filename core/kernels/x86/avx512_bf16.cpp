// The table for AVX-512 F, BW, VL, DQ and BF16: vdpbf16ps multiplies and adds twice as many numbers
// as an f32 instruction.

#include "core/kernels/x86/avx512.h"

#include "core/kernels/tables.h"

namespace {

constexpr const char* kName = "avx512-bf16";

struct Words {
  static constexpr tinyzero::Index kNumbersPerWord = 2;

  static V multiply_add(V a, V b, V c) { return {_mm512_dpbf16_ps(c.v, bf16(a.v), bf16(b.v))}; }

  static V load_n(const float* x, tinyzero::Index n) {
    return both(V::load_n(x, n), V::load_n(x + V::kLanes, n - V::kLanes));
  }

  static V pair(V a, V b) {
    const __m512i halves = _mm512_castps_si512(both(a, b).v);  // a's numbers, then b's
    const __m512i lanes = _mm512_or_si512(
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
        _mm512_slli_epi32(
            _mm512_setr_epi32(16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31), 16));
    return {_mm512_castsi512_ps(_mm512_permutexvar_epi16(lanes, halves))};
  }

  static V second(V words, V b) {
    const __m512i kept = _mm512_and_si512(_mm512_castps_si512(words.v), _mm512_set1_epi32(0xFFFF));
    return {_mm512_castsi512_ps(_mm512_or_si512(kept, _mm512_castps_si512(pair(V::zero(), b).v)))};
  }

 private:
  static __m512bh bf16(__m512 words) { return reinterpret_cast<__m512bh>(words); }
  static V both(V a, V b) { return {reinterpret_cast<__m512>(_mm512_cvtne2ps_pbh(b.v, a.v))}; }
};

}  // namespace

#include "core/kernels/vector/table.h"

const tinyzero::Kernels& tinyzero::avx512_bf16_kernels() { return kTable; }
