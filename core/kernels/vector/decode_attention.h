// Attention while decoding: a few queries over cached keys and values, in words.
#pragma once

#include "core/kernels/vector/words.h"

namespace {

void store_key(const float* key, Index head_dim, Index position, float* keys) {
  const Index n = words<Words>(head_dim);
  float* out = keys + position / kLanes * kLanes * n + position % kLanes;
  for (Index j = 0; j < n; j += kLanes) {
    alignas(64) float block[kLanes];
    const Index first = j * Words::kNumbersPerWord, some = smaller(n - j, kLanes);
    Words::load_n(key + first, head_dim - first).store(block);
    for (Index i = 0; i < some; ++i) out[(j + i) * kLanes] = block[i];
  }
}

// A word of values holds two neighbouring positions; the second is 0 until it is stored.
void store_value(const float* value, Index head_dim, Index position, float* values) {
  float* row = values + position / Words::kNumbersPerWord * head_dim;
  const bool second = position % Words::kNumbersPerWord != 0;
  for (Index j = 0; j < head_dim; j += kLanes) {
    const Index n = smaller(head_dim - j, kLanes);
    const V v = V::load_n(value + j, n);
    (second ? Words::second(V::load_n(row + j, n), v) : Words::pair(v, V::zero()))
        .store_n(row + j, n);
  }
}

// out[h][t] = Σ_j q[h][j] blocks[t][j] for H heads and the positions t of `Blocks` blocks; n words
// of depth.
template <class W, int H, int Blocks>
void score_blocks(const float* q, Index q_stride, const float* blocks, Index n, float* out,
                  Index out_stride) {
  V sum[Blocks][H];
  for (int b = 0; b < Blocks; ++b) {
    for (int h = 0; h < H; ++h) sum[b][h] = V::zero();
  }
  for (Index j = 0; j < n; ++j) {
    V block[Blocks];
    for (int b = 0; b < Blocks; ++b) block[b] = V::load(blocks + (b * n + j) * kLanes);
    for (int h = 0; h < H; ++h) {
      const V qj = V::set1(q[h * q_stride + j]);
      for (int b = 0; b < Blocks; ++b) sum[b][h] = W::multiply_add(qj, block[b], sum[b][h]);
    }
  }
  for (int b = 0; b < Blocks; ++b) {
    for (int h = 0; h < H; ++h) sum[b][h].store(out + h * out_stride + b * kLanes);
  }
}

// Prefetches the cache lines of n floats from x on.
inline void prefetch(const float* x, Index n) {
  constexpr Index kLine = 16;
  for (Index i = 0; i < n; i += kLine) __builtin_prefetch(x + i);
}

// Scores of `length` positions, rounded up to whole blocks. Meanwhile it prefetches `ahead_floats`
// from `ahead` on, spread evenly over the blocks.
template <class W, int H>
void block_scores(const float* q, Index q_stride, const float* blocks, Index n, Index length,
                  float* out, Index out_stride, const float* ahead, Index ahead_floats) {
  if (length == 0) return;
  const Index share = round_up(ahead_floats * 2 * kLanes / round_up(length, 2 * kLanes), kLanes);
  Index t = 0;
  for (; t + kLanes < length; t += 2 * kLanes, ahead += share) {
    prefetch(ahead, share);
    score_blocks<W, H, 2>(q, q_stride, blocks + t * n, n, out + t, out_stride);
  }
  if (t < length) score_blocks<W, H, 1>(q, q_stride, blocks + t * n, n, out + t, out_stride);
}

// out[h] (+)= Σ_t p[h][t] rows[t] for H heads and `depth` words of positions; `columns` numbers of
// a row, at most two vectors.
template <class W, int H, bool Full>
void weighted_columns(const float* p, Index p_stride, const float* rows, Index row_stride,
                      Index depth, Index columns, bool add, float* out, Index out_stride) {
  const Index w0 = Full ? kLanes : smaller(columns, kLanes), w1 = Full ? kLanes : columns - w0;
  const auto second = [&](const float* x) {
    return Full ? V::load(x + kLanes) : w1 > 0 ? V::load_n(x + kLanes, w1) : V::zero();
  };
  V sum[H][2];
  for (int h = 0; h < H; ++h) {
    sum[h][0] = add ? V::load_n(out + h * out_stride, w0) : V::zero();
    sum[h][1] = add ? second(out + h * out_stride) : V::zero();
  }
  for (Index t = 0; t < depth; ++t, rows += row_stride) {
    const V r0 = Full ? V::load(rows) : V::load_n(rows, w0), r1 = second(rows);
    for (int h = 0; h < H; ++h) {
      const V weight = V::set1(p[h * p_stride + t]);
      sum[h][0] = W::multiply_add(weight, r0, sum[h][0]);
      sum[h][1] = W::multiply_add(weight, r1, sum[h][1]);
    }
  }
  for (int h = 0; h < H; ++h) {
    sum[h][0].store_n(out + h * out_stride, w0);
    if (w1 > 0) sum[h][1].store_n(out + h * out_stride + kLanes, w1);
  }
}

template <class W, int H>
void weighted_rows(const float* p, Index p_stride, const float* rows, Index depth, Index n,
                   bool add, float* out, Index out_stride) {
  for (Index j = 0; j < n; j += kPanel) {
    if (n - j >= kPanel)
      weighted_columns<W, H, true>(p, p_stride, rows + j, n, depth, kPanel, add, out + j,
                                   out_stride);
    else
      weighted_columns<W, H, false>(p, p_stride, rows + j, n, depth, n - j, add, out + j,
                                    out_stride);
  }
}

// x[t] = x[t] · scale for t < length, and -inf up to a whole vector. Returns the larger of `top`
// and these, lane by lane.
inline V scaled_scores(float* x, Index length, float scale, V top) {
  const V factor = V::set1(scale), none = V::set1(-__builtin_inff());
  for (Index t = 0; t < length; t += kLanes) {
    const V s = select_below(t, length, V::load(x + t) * factor, none);
    s.store(x + t);
    top = max(top, s);
  }
  return top;
}

// x[t] = exp(x[t] - largest) for t < length, and 0 up to a whole vector. Returns `total` plus
// these, lane by lane.
inline V exponential_scores(float* x, Index length, float largest, V total) {
  const V shift = V::set1(largest);
  for (Index t = 0; t < length; t += kLanes) {
    const V e = select_below(t, length, exponential(V::load(x + t) - shift), V::zero());
    e.store(x + t);
    total = total + e;
  }
  return total;
}

// One call of attend().
struct Attend {
  Index head_dim;
  Index segments;
  float scale;
  const KeyValues* kv;
  const float* q;      // (group, words(head_dim)), in words
  float* scores;       // (group, score_stride): each segment begins at a whole vector
  Index score_stride;  // floats
  float* out;          // (group, head_dim)

  // Floats that the scores of segment i take.
  Index score_floats(Index i) const { return round_up(kv[i].length, kLanes); }
};

// Turns one head's scores into the weights exp(scale · score - largest), as words. Returns 1 /
// their sum.
inline float weights_of_scores(const Attend& a, float* scores) {
  V top = V::set1(-__builtin_inff()), total = V::zero();
  Index at = 0;
  for (Index i = 0; i < a.segments; at += a.score_floats(i), ++i)
    top = scaled_scores(scores + at, a.kv[i].length, a.scale, top);
  const float largest = top.maximum();
  at = 0;
  for (Index i = 0; i < a.segments; at += a.score_floats(i), ++i) {
    total = exponential_scores(scores + at, a.kv[i].length, largest, total);
    if constexpr (Words::kNumbersPerWord > 1) narrow(scores + at, a.score_floats(i), scores + at);
  }
  return 1.0f / total.sum();
}

// Attention of the H heads from `first` on.
template <int H>
void attend_heads(const Attend& a, Index first) {
  const Index q_words = words<Words>(a.head_dim);
  const float* q = a.q + first * q_words;
  float *scores = a.scores + first * a.score_stride, *out = a.out + first * a.head_dim;
  Index at = 0;
  for (Index i = 0; i < a.segments; at += a.score_floats(i), ++i)
    block_scores<Words, H>(q, q_words, a.kv[i].keys, q_words, a.kv[i].length, scores + at,
                           a.score_stride, a.kv[i].values,
                           words<Words>(a.kv[i].length) * a.head_dim);
  float factor[H];
  for (int h = 0; h < H; ++h) factor[h] = weights_of_scores(a, scores + h * a.score_stride);
  at = 0;
  for (Index i = 0; i < a.segments; at += a.score_floats(i), ++i)
    weighted_rows<Words, H>(scores + at, a.score_stride, a.kv[i].values,
                            words<Words>(a.kv[i].length), a.head_dim, i > 0, out, a.head_dim);
  for (int h = 0; h < H; ++h) {
    const V scale = V::set1(factor[h]);
    for (Index j = 0; j < a.head_dim; j += kLanes) {
      const Index n = smaller(a.head_dim - j, kLanes);
      (V::load_n(out + h * a.head_dim + j, n) * scale).store_n(out + h * a.head_dim + j, n);
    }
  }
}

Index attend_scratch(Index group, Index head_dim, Index length) {
  return group *
         (round_up(length, kLanes) + (Words::kNumbersPerWord > 1 ? words<Words>(head_dim) : 0));
}

void attend(const float* q, Index group, Index head_dim, float scale, const KeyValues* kv,
            Index segments, float* scratch, float* out) {
  Attend a{.head_dim = head_dim,
           .segments = segments,
           .scale = scale,
           .kv = kv,
           .q = q,
           .scores = scratch,
           .score_stride = 0,
           .out = out};
  for (Index i = 0; i < segments; ++i) a.score_stride += a.score_floats(i);
  if constexpr (Words::kNumbersPerWord > 1) {
    float* narrow = scratch + group * a.score_stride;
    to_words(q, head_dim, group, head_dim, narrow);
    a.q = narrow;
  }
  for (Index h = 0; h < group; h += 4) {  // four heads at a time
    switch (smaller(group - h, 4)) {
      case 4: attend_heads<4>(a, h); break;
      case 3: attend_heads<3>(a, h); break;
      case 2: attend_heads<2>(a, h); break;
      default: attend_heads<1>(a, h);
    }
  }
}

}  // namespace
