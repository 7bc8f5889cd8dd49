// Matrix products, and the multiply-adds in registers alone that are their roof.
//
// A product computes a tile of kTileRows rows and two vectors of columns at once, in registers. It
// reaches its roof while a panel of the right side (kPanel columns) stays in the L1 cache, so long
// inner dimensions are cut into stretches of kDepth words.
#pragma once

#include "core/kernels/vector/words.h"

namespace {

constexpr Index kDepth = 256;  // words of the inner dimension that one pass over the panels takes
constexpr Index kManyRows = 4 * kTileRows;

Index multiply_adds(Index rounds, float& result) {
  constexpr int kSums = 2 * kTileRows;
  V sum[kSums], factor = V::set1(0.25f);  // of bf16 pairs: 0 and 0.25
  for (int i = 0; i < kSums; ++i) sum[i] = V::set1(static_cast<float>(i));
  for (Index r = 0; r < rounds; ++r) {
#pragma GCC unroll 32  // else the compiler keeps as many sums in memory, which halves the roof
    for (int i = 0; i < kSums; ++i) sum[i] = Words::multiply_add(factor, factor, sum[i]);
    hide_from_compiler(factor);
  }
  for (int i = 1; i < kSums; ++i) sum[0] = sum[0] + sum[i];
  result = sum[0].sum();
  return rounds * kSums * kLanes * 2 * Words::kNumbersPerWord;
}

// One panel of the result, over one stretch of the inner dimension.
struct PanelProduct {
  LeftWords x;        // begins at the stretch's first word
  Index depth;        // words in the stretch
  const float* bias;  // begins at the panel's first column; null: no bias
  bool add;           // adds to the numbers in y instead of replacing them
  float* y;           // begins at the panel's first column
  Index ldy;          // floats from row to row of y
  Index columns;      // 1 … kPanel
  bool one_tile;      // a single tile holds all rows
};

// M rows of one panel: 2 M accumulators, one pass over the stretch. Meanwhile it prefetches half a
// panel from `ahead` on into the L2 cache; a whole one if no other tile will.
template <class W, int M>
void product_tile(const PanelProduct& p, const float* panel, Index row, const float* ahead) {
  const Index row_stride = p.x.row_stride, word_stride = p.x.word_stride, depth = p.depth;
  const float* x = p.x.data + row * row_stride;
  V sum[M][2];
  for (int i = 0; i < M; ++i) sum[i][0] = sum[i][1] = V::zero();
  for (Index c = 0; c < depth; ++c, x += word_stride, panel += kPanel, ahead += kPanel / 2) {
    const V w0 = V::load(panel), w1 = V::load(panel + kLanes);
    __builtin_prefetch(ahead, 0, 2);
    if (p.one_tile) __builtin_prefetch(ahead + depth * (kPanel / 2), 0, 2);
    for (int i = 0; i < M; ++i) {
      const V xi = V::set1(x[i * row_stride]);
      sum[i][0] = W::multiply_add(xi, w0, sum[i][0]);
      sum[i][1] = W::multiply_add(xi, w1, sum[i][1]);
    }
  }
  for (int i = 0; i < M; ++i) {
    for (int half = 0; half < 2; ++half) {
      const Index n = smaller(p.columns - half * kLanes, kLanes);
      if (n <= 0) break;
      float* y = p.y + (row + i) * p.ldy + half * kLanes;
      V out = sum[i][half];
      if (p.bias != nullptr) out = out + V::load_n(p.bias + half * kLanes, n);
      if (p.add) out = out + V::load_n(y, n);
      out.store_n(y, n);
    }
  }
}

// The last rows, fewer than a full tile: 1 … M.
template <class W, int M>
void product_tail(const PanelProduct& p, const float* panel, Index row, Index rows,
                  const float* ahead) {
  if (rows == M) product_tile<W, M>(p, panel, row, ahead);
  else if constexpr (M > 1) product_tail<W, M - 1>(p, panel, row, rows, ahead);
}

// The right side was packed with `packed_depth` words, of which the first `depth` are used. Sums of
// kDepth words each are added in order, whatever m is. With many rows, each stretch of the depth
// visits all panels; with few rows, each panel is finished before the next one, in memory order.
template <class W>
void product(const LeftWords& x, Index m, Index depth, const float* packed, Index packed_depth,
             Index n, const float* bias, bool add, float* y, Index ldy) {
  const auto panel_at = [&](Index start, Index first) __attribute__((always_inline)) {
    const LeftWords left{x.data + start * x.word_stride, x.row_stride, x.word_stride};
    const float* panel = packed + first * packed_depth + start * kPanel;
    const PanelProduct p{.x = left,
                         .depth = smaller(depth - start, kDepth),
                         .bias = bias != nullptr && start == 0 ? bias + first : nullptr,
                         .add = add || start > 0,
                         .y = y + first,
                         .ldy = ldy,
                         .columns = smaller(n - first, kPanel),
                         .one_tile = m <= kTileRows};
    // The first two tiles of a panel prefetch one half each of the next panel, which follows in
    // memory: small models have it in the L3 cache, large ones in main memory.
    const float* ahead = panel + packed_depth * kPanel;
    Index row = 0;
    for (; row + kTileRows <= m; row += kTileRows, ahead += p.depth * kPanel / 2)
      product_tile<W, kTileRows>(p, panel, row, ahead);
    if (row < m) product_tail<W, kTileRows - 1>(p, panel, row, m - row, ahead);
  };
  const Index steps = larger((depth + kDepth - 1) / kDepth, 1), panels = (n + kPanel - 1) / kPanel;
  if (m > kManyRows) {
    for (Index s = 0; s < steps; ++s)
      for (Index j = 0; j < panels; ++j) panel_at(s * kDepth, j * kPanel);
  } else {
    for (Index j = 0; j < panels; ++j)
      for (Index s = 0; s < steps; ++s) panel_at(s * kDepth, j * kPanel);
  }
}

void matmul(const LeftWords& x, Index m, Index k, const float* packed, Index n, const float* bias,
            bool add, float* y, Index ldy) {
  product<Words>(x, m, words<Words>(k), packed, words<Words>(k), n, bias, add, y, ldy);
}

}  // namespace
