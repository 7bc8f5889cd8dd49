// Attention in training and its gradient: products of kQueryRows queries at a time with the keys
// and values of all positions that they see. Products take words, sums and the softmax f32.
#pragma once

#include "core/kernels/vector/products.h"

namespace {

constexpr Index kQueryRows = 24;

// The memory of one call, for P positions: shared rows, then the sequence's own.
struct TrainScratch {
  float* keys;         // packed as the right side of q · k
  float* values;       // packed as the right side of p · v; in the backward pass of dout · v
  float* keys_across;  // packed as the right side of ds · k
  float* scores;       // (kQueryRows, padded)
  float* dscores;      // (kQueryRows, padded)
  float* left;         // the left side of a product, in words
  float* block;        // packed queries or output gradients of one block
  float* k;            // (P, head_dim)
  float* v;            // (P, head_dim)
  float* dk;           // (P, head_dim)
  float* dv;           // (P, head_dim)
  Index padded;        // P, rounded up to whole panels
};

// Words that the keys or values of `length` positions take, packed along either dimension.
inline Index side_words(const AttentionShape& s, Index length) {
  return larger(packed_words<Words>(length, s.head_dim), packed_words<Words>(s.head_dim, length));
}

// Words of the largest left side: queries, or scores along either dimension.
inline Index left_words(const AttentionShape& s, Index padded) {
  return larger(kQueryRows * words<Words>(larger(s.head_dim, padded)),
                words<Words>(kQueryRows) * padded);
}

TrainScratch divide_scratch(const AttentionShape& s, Index length, float* scratch) {
  const Index side = side_words(s, length), rows = length * s.head_dim;
  TrainScratch t;
  t.padded = round_up(length, kPanel);
  t.keys = scratch;
  t.values = t.keys + side;
  t.keys_across = t.values + side;
  t.scores = t.keys_across + side;
  t.dscores = t.scores + kQueryRows * t.padded;
  t.left = t.dscores + kQueryRows * t.padded;
  t.block = t.left + left_words(s, t.padded);
  t.k = t.block + packed_words<Words>(s.head_dim, kQueryRows);
  t.v = t.k + rows;
  t.dk = t.v + rows;
  t.dv = t.dk + rows;
  return t;
}

Index attention_scratch(const AttentionShape& s, Index length) {
  const Index padded = round_up(length, kPanel);
  return 3 * side_words(s, length) + 2 * kQueryRows * padded + left_words(s, padded) +
         packed_words<Words>(s.head_dim, kQueryRows) + 4 * length * s.head_dim;
}

inline void copy_rows(const float* from, Index from_stride, Index rows, Index n, float* to,
                      Index to_stride) {
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < n; ++j) to[i * to_stride + j] = from[i * from_stride + j];
  }
}

// Keys or values of all positions as one matrix.
struct Rows {
  const float* data;
  Index stride;
};

// The sequence's own rows in place, or, if rows are shared, a copy of both in `copy`.
inline Rows joined(const AttentionShape& s, const float* shared, Index shared_length,
                   const float* own, Index length, float* copy) {
  if (shared_length == 0) return {own, s.qkv_stride};
  copy_rows(shared, s.qkv_stride, shared_length, s.head_dim, copy, s.head_dim);
  copy_rows(own, s.qkv_stride, length, s.head_dim, copy + shared_length * s.head_dim, s.head_dim);
  return {copy, s.head_dim};
}

// The exponentials of a row of scores, before they are divided by their sum.
struct RowOfExponentials {
  SoftmaxRow softmax;
  float sum;
};

// Turns the scores x of one query into exponentials: over its first `own` positions, and 0 from
// there to `seen`.
inline RowOfExponentials exponentials_of_scores(float* x, Index own, Index seen, float scale) {
  const float largest = largest_of(x, own);
  V total = V::zero();
  for (Index j = 0; j < own; j += kLanes) {
    const V e = select_below(
        j, own, exponential((V::load(x + j) - V::set1(largest)) * V::set1(scale)), V::zero());
    e.store(x + j);
    total = total + e;
  }
  for (Index j = round_up(own, kLanes); j < seen; j += kLanes) V::zero().store(x + j);
  const float sum = total.sum();
  return {{largest, __builtin_logf(sum)}, sum};
}

inline void scale_row(float* x, Index n, float factor) {
  for (Index j = 0; j < n; j += kLanes)
    (V::load_n(x + j, n - j) * V::set1(factor)).store_n(x + j, n - j);
}

void attention(const AttentionShape& s, const float* q, const float* k, const float* v,
               const SharedRows& shared, Index length, float* out, SoftmaxRow* softmax,
               float* scratch) {
  const Index all = shared.length + length, n = s.head_dim, depth = words<Words>(n);
  const TrainScratch t = divide_scratch(s, all, scratch);
  const Rows keys = joined(s, shared.k, shared.length, k, length, t.k),
             values = joined(s, shared.v, shared.length, v, length, t.v);
  pack_words<Words>(keys.data, keys.stride, 1, all, n, t.keys);
  pack_words<Words>(values.data, 1, values.stride, n, all, t.values);
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index first = 0; first < length; first += kQueryRows) {
      const Index rows = smaller(length - first, kQueryRows), seen = shared.length + first + rows;
      const LeftWords queries =
          left_of_rows(q + first * s.qkv_stride + h * n, s.qkv_stride, rows, n, t.left);
      product<Words>(queries, rows, depth, t.keys, depth, seen, nullptr, false, t.scores, t.padded);
      float sums[kQueryRows];
      for (Index i = 0; i < rows; ++i) {
        const RowOfExponentials row = exponentials_of_scores(
            t.scores + i * t.padded, shared.length + first + i + 1, seen, s.scale);
        softmax[h * length + first + i] = row.softmax;
        sums[i] = row.sum;
      }
      float* to = out + first * s.out_stride + h * n;
      product<Words>(left_of_rows(t.scores, t.padded, rows, seen, t.left), rows, words<Words>(seen),
                     t.values, words<Words>(all), n, nullptr, false, to, s.out_stride);
      for (Index i = 0; i < rows; ++i) scale_row(to + i * s.out_stride, n, 1.0f / sums[i]);
    }
  }
}

// For one query, from its scores q·k_t in p and dout·v_t in ds: p_t, the softmax of scale q·k_t,
// and ds_t = scale p_t (dout·v_t - along), where `along` is dout·out. Both are 0 after its own
// position.
inline void score_gradients(float* p, float* ds, Index own, Index seen, float scale,
                            const SoftmaxRow& softmax, float along) {
  const V factor = V::set1(scale), largest = V::set1(softmax.largest),
          minus_log_sum = V::set1(-softmax.log_sum), delta = V::set1(along);
  for (Index j = 0; j < seen; j += kLanes) {
    const V pj = select_below(
        j, own, exponential(fma(V::load(p + j) - largest, factor, minus_log_sum)), V::zero());
    pj.store(p + j);
    select_below(j, own, pj * (V::load(ds + j) - delta) * factor, V::zero()).store(ds + j);
  }
}

// Distributes the gradients of all positions: shared rows' are added to theirs, the sequence's own
// are written.
inline void distribute(const AttentionShape& s, const float* from, float* shared,
                       Index shared_length, float* own, Index length) {
  const Index n = s.head_dim;
  for (Index i = 0; i < shared_length; ++i) {
    for (Index j = 0; j < n; ++j) shared[i * s.qkv_stride + j] += from[i * n + j];
  }
  copy_rows(from + shared_length * n, n, length, n, own, s.qkv_stride);
}

void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v,
                        const SharedRows& shared, const float* out, const SoftmaxRow* softmax,
                        const float* dout, Index length, float* dq, float* dk, float* dv,
                        float* scratch) {
  const Index all = shared.length + length, n = s.head_dim, stride = s.qkv_stride;
  const Index depth = words<Words>(n);
  const TrainScratch t = divide_scratch(s, all, scratch);
  const Rows keys = joined(s, shared.k, shared.length, k, length, t.k),
             values = joined(s, shared.v, shared.length, v, length, t.v);
  pack_words<Words>(keys.data, keys.stride, 1, all, n, t.keys);
  pack_words<Words>(values.data, values.stride, 1, all, n, t.values);
  pack_words<Words>(keys.data, 1, keys.stride, n, all, t.keys_across);
  for (Index i = 0; i < all * n; ++i) t.dk[i] = t.dv[i] = 0.0f;
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index first = 0; first < length; first += kQueryRows) {
      const Index rows = smaller(length - first, kQueryRows), seen = shared.length + first + rows;
      const float* queries = q + first * stride + h * n;
      const float* gradients = dout + first * s.out_stride + h * n;
      const float* outputs = out + first * s.out_stride + h * n;
      const auto scores_of = [&](const float* x, Index ldx, const float* side, float* to) {
        product<Words>(left_of_rows(x, ldx, rows, n, t.left), rows, depth, side, depth, seen,
                       nullptr, false, to, t.padded);
      };
      scores_of(queries, stride, t.keys, t.scores);
      scores_of(gradients, s.out_stride, t.values, t.dscores);
      for (Index i = 0; i < rows; ++i) {
        score_gradients(t.scores + i * t.padded, t.dscores + i * t.padded,
                        shared.length + first + i + 1, seen, s.scale,
                        softmax[h * length + first + i],
                        dot(gradients + i * s.out_stride, outputs + i * s.out_stride, n));
      }
      product<Words>(left_of_rows(t.dscores, t.padded, rows, seen, t.left), rows,
                     words<Words>(seen), t.keys_across, words<Words>(all), n, nullptr, false,
                     dq + first * stride + h * n, stride);
      const auto add_by_position = [&](const float* scores, const float* x, Index ldx, float* to) {
        pack_words<Words>(x, 1, ldx, n, rows, t.block);
        product<Words>(left_of_columns(scores, t.padded, rows, seen, t.left), seen,
                       words<Words>(rows), t.block, words<Words>(rows), n, nullptr, true, to, n);
      };
      add_by_position(t.dscores, queries, stride, t.dk);
      add_by_position(t.scores, gradients, s.out_stride, t.dv);
    }
  }
  distribute(s, t.dk, shared.dk, shared.length, dk, length);
  distribute(s, t.dv, shared.dv, shared.length, dv, length);
}

}  // namespace
