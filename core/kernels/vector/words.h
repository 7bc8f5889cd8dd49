// Numbers as words, and right sides of products packed into panels.
#pragma once

#include "core/kernels/vector/basics.h"

namespace {

// Words of one float each.
struct F32 {
  static constexpr Index kNumbersPerWord = 1;
  static V multiply_add(V a, V b, V c) { return fma(a, b, c); }
  static V load_n(const float* x, Index n) { return V::load_n(x, n); }
  static V pair(V a, V) { return a; }
  static V second(V, V b) { return b; }
};

static_assert(WordType<F32, V>);
static_assert(WordType<Words, V>);

template <class W>
constexpr Index words(Index k) {
  return (k + W::kNumbersPerWord - 1) / W::kNumbersPerWord;
}

// n numbers become words; numbers missing in the last word are 0. `out` may be `x`.
inline void narrow(const float* x, Index n, float* out) {
  for (Index j = 0; j < n; j += kLanes * Words::kNumbersPerWord)
    Words::load_n(x + j, n - j).store_n(out + words<Words>(j), words<Words>(n - j));
}

void to_words(const float* x, Index ldx, Index m, Index k, float* out) {
  for (Index i = 0; i < m; ++i) narrow(x + i * ldx, k, out + i * words<Words>(k));
}

void columns_to_words(const float* x, Index ldx, Index k, Index m, float* out) {
  for (Index c = 0; c < k; c += Words::kNumbersPerWord, out += m) {
    const float* row = x + c * ldx;
    const bool last = c + Words::kNumbersPerWord > k;  // a half-filled word
    for (Index i = 0; i < m; i += kLanes) {
      const Index n = smaller(m - i, kLanes);
      Words::pair(V::load_n(row + i, n),
                  last ? V::zero() : V::load_n(row + (Words::kNumbersPerWord - 1) * ldx + i, n))
          .store_n(out + i, n);
    }
  }
}

// Left sides of products: x (m, k), or x (k, m) whose columns are the rows of the left side.
// `memory` holds their words if those are not floats: m · words(k), or words(k) · m.
inline LeftWords left_of_rows(const float* x, Index ldx, Index m, Index k, float* memory) {
  if constexpr (Words::kNumbersPerWord == 1) return {x, ldx, 1};
  to_words(x, ldx, m, k, memory);
  return {memory, words<Words>(k), 1};
}

inline LeftWords left_of_columns(const float* x, Index ldx, Index k, Index m, float* memory) {
  if constexpr (Words::kNumbersPerWord == 1) return {x, 1, ldx};
  columns_to_words(x, ldx, k, m, memory);
  return {memory, 1, m};
}

template <class W>
Index packed_words(Index n, Index k) {
  return round_up(n, kPanel) * words<W>(k);
}

Index packed_size(Index n, Index k) { return packed_words<Words>(n, k); }

// One vector: number 0 of n rows that begin row_stride floats apart; lanes without a row are 0.
inline V gather(const float* w, Index row_stride, Index n) {
  if (row_stride == 1) return V::load_n(w, n);
  alignas(64) float lanes[kLanes] = {};
  for (Index j = 0; j < smaller(n, kLanes); ++j) lanes[j] = w[j * row_stride];
  return V::load(lanes);
}

// Packs rows whose numbers are neighbours, a square of words at a time.
template <class W>
void pack_rows(const float* w, Index row_stride, Index n, Index k, float* packed) {
  const Index depth = words<W>(k);
  for (Index first = 0; first < round_up(n, kPanel); first += kLanes) {
    const Index panel = first / kPanel * kPanel;
    float* to = packed + panel * depth + (first - panel);
    for (Index c = 0; c < depth; c += kLanes) {
      V square[kLanes];
      for (Index i = 0; i < kLanes; ++i) {
        const Index number = c * W::kNumbersPerWord;
        square[i] = first + i < n ? W::load_n(w + (first + i) * row_stride + number, k - number)
                                  : V::zero();
      }
      transpose(square);
      for (Index j = 0; j < smaller(kLanes, depth - c); ++j) square[j].store(to + (c + j) * kPanel);
    }
  }
}

// Packs numbers that lie apart, one vector of rows at a time.
template <class W>
void pack_columns(const float* w, Index row_stride, Index depth_stride, Index n, Index k,
                  float* packed) {
  for (Index first = 0; first < n; first += kPanel) {
    for (Index c = 0; c < k; c += W::kNumbersPerWord) {
      for (Index half = 0; half < kPanel; half += kLanes, packed += kLanes) {
        const Index rows = n - first - half;
        const float* at = w + (first + half) * row_stride + c * depth_stride;
        if (rows <= 0) V::zero().store(packed);
        else if constexpr (W::kNumbersPerWord == 1) gather(at, row_stride, rows).store(packed);
        else
          W::pair(gather(at, row_stride, rows),
                  c + 1 < k ? gather(at + depth_stride, row_stride, rows) : V::zero())
              .store(packed);
      }
    }
  }
}

// Panels of kPanel rows of w, transposed: [n / kPanel][words(k)][kPanel]; missing rows are 0.
template <class W>
void pack_words(const float* w, Index row_stride, Index depth_stride, Index n, Index k,
                float* packed) {
  if (depth_stride == 1) pack_rows<W>(w, row_stride, n, k, packed);
  else pack_columns<W>(w, row_stride, depth_stride, n, k, packed);
}

void pack(const float* w, Index row_stride, Index depth_stride, Index n, Index k, float* packed) {
  pack_words<Words>(w, row_stride, depth_stride, n, k, packed);
}

}  // namespace
