// Attention in training and its gradient, in f32: products of kQueryRows queries at a time with the
// keys and values of all positions that they see.
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
  float* block;        // packed queries or output gradients of one block
  float* k;            // (P, head_dim)
  float* v;            // (P, head_dim)
  float* dk;           // (P, head_dim)
  float* dv;           // (P, head_dim)
  Index padded;        // P, rounded up to whole panels
};

// Floats that the keys or values of `length` positions take, packed along either dimension.
inline Index side_floats(const AttentionShape& s, Index length) {
  return larger(round_up(length, kPanel) * s.head_dim, packed_words<F32>(s.head_dim, length));
}

TrainScratch divide_scratch(const AttentionShape& s, Index length, float* scratch) {
  const Index side = side_floats(s, length), rows = length * s.head_dim;
  TrainScratch t;
  t.padded = round_up(length, kPanel);
  t.keys = scratch;
  t.values = t.keys + side;
  t.keys_across = t.values + side;
  t.scores = t.keys_across + side;
  t.dscores = t.scores + kQueryRows * t.padded;
  t.block = t.dscores + kQueryRows * t.padded;
  t.k = t.block + packed_words<F32>(s.head_dim, kQueryRows);
  t.v = t.k + rows;
  t.dk = t.v + rows;
  t.dv = t.dk + rows;
  return t;
}

Index attention_scratch(const AttentionShape& s, Index length) {
  return 3 * side_floats(s, length) + 2 * kQueryRows * round_up(length, kPanel) +
         packed_words<F32>(s.head_dim, kQueryRows) + 4 * length * s.head_dim;
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

// Turns the scores x of one query into their softmax: over its first `own` positions, and 0 from
// there to `seen`.
inline SoftmaxRow softmax_of_scores(float* x, Index own, Index seen, float scale) {
  const float largest = largest_of(x, own);
  V total = V::zero();
  for (Index j = 0; j < own; j += kLanes) {
    const V e = select_below(
        j, own, exponential((V::load(x + j) - V::set1(largest)) * V::set1(scale)), V::zero());
    e.store(x + j);
    total = total + e;
  }
  const float sum = total.sum();
  const V factor = V::set1(1.0f / sum);
  for (Index j = 0; j < own; j += kLanes) (V::load(x + j) * factor).store(x + j);
  for (Index j = round_up(own, kLanes); j < seen; j += kLanes) V::zero().store(x + j);
  return {largest, __builtin_logf(sum)};
}

void attention(const AttentionShape& s, const float* q, const float* k, const float* v,
               const SharedRows& shared, Index length, float* out, SoftmaxRow* softmax,
               float* scratch) {
  const Index all = shared.length + length;
  const TrainScratch t = divide_scratch(s, all, scratch);
  const Rows keys = joined(s, shared.k, shared.length, k, length, t.k),
             values = joined(s, shared.v, shared.length, v, length, t.v);
  pack_words<F32>(keys.data, keys.stride, 1, all, s.head_dim, t.keys);
  pack_words<F32>(values.data, 1, values.stride, s.head_dim, all, t.values);
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index first = 0; first < length; first += kQueryRows) {
      const Index rows = smaller(length - first, kQueryRows), seen = shared.length + first + rows;
      product<F32>({q + first * s.qkv_stride + h * s.head_dim, s.qkv_stride, 1}, rows, s.head_dim,
                   t.keys, s.head_dim, seen, nullptr, false, t.scores, t.padded);
      for (Index i = 0; i < rows; ++i)
        softmax[h * length + first + i] = softmax_of_scores(
            t.scores + i * t.padded, shared.length + first + i + 1, seen, s.scale);
      product<F32>({t.scores, t.padded, 1}, rows, seen, t.values, all, s.head_dim, nullptr, false,
                   out + first * s.out_stride + h * s.head_dim, s.out_stride);
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
  const TrainScratch t = divide_scratch(s, all, scratch);
  const Rows keys = joined(s, shared.k, shared.length, k, length, t.k),
             values = joined(s, shared.v, shared.length, v, length, t.v);
  pack_words<F32>(keys.data, keys.stride, 1, all, n, t.keys);
  pack_words<F32>(values.data, values.stride, 1, all, n, t.values);
  pack_words<F32>(keys.data, 1, keys.stride, n, all, t.keys_across);
  for (Index i = 0; i < all * n; ++i) t.dk[i] = t.dv[i] = 0.0f;
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index first = 0; first < length; first += kQueryRows) {
      const Index rows = smaller(length - first, kQueryRows), seen = shared.length + first + rows,
                  at = first * stride + h * n, to = first * s.out_stride + h * n;
      product<F32>({q + at, stride, 1}, rows, n, t.keys, n, seen, nullptr, false, t.scores,
                   t.padded);
      product<F32>({dout + to, s.out_stride, 1}, rows, n, t.values, n, seen, nullptr, false,
                   t.dscores, t.padded);
      for (Index i = 0; i < rows; ++i) {
        score_gradients(t.scores + i * t.padded, t.dscores + i * t.padded,
                        shared.length + first + i + 1, seen, s.scale,
                        softmax[h * length + first + i],
                        dot(dout + to + i * s.out_stride, out + to + i * s.out_stride, n));
      }
      product<F32>({t.dscores, t.padded, 1}, rows, seen, t.keys_across, all, n, nullptr, false,
                   dq + at, stride);
      pack_words<F32>(q + at, 1, stride, n, rows, t.block);
      product<F32>({t.dscores, 1, t.padded}, seen, rows, t.block, rows, n, nullptr, true, t.dk, n);
      pack_words<F32>(dout + to, 1, s.out_stride, n, rows, t.block);
      product<F32>({t.scores, 1, t.padded}, seen, rows, t.block, rows, n, nullptr, true, t.dv, n);
    }
  }
  distribute(s, t.dk, shared.dk, shared.length, dk, length);
  distribute(s, t.dv, shared.dv, shared.length, dv, length);
}

}  // namespace
