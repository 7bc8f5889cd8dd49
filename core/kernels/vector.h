// The kernels for machines with vectors, written once over a small vector type `V` and the products
// of words `Words`, which avx2.cpp, avx512.cpp and their bf16 siblings define before they include
// this file. Everything stands in an anonymous namespace and no standard template is used: code
// compiled for AVX-512 must not be merged by the linker with code that other machines run.
//
// A product computes a tile of kTileRows rows and two vectors of columns at once, in registers. Its
// roof, multiply_adds, is reached while a panel of the right side (kPanel columns) stays in the L1
// cache: long inner dimensions are cut into kDepth words for that. The row kernels are bound by
// cache bandwidth.

// V has: kLanes; set1, zero, load, load_n (first n lanes, others 0), store, store_n; + - * / and
// fma(a, b, c) = a b + c; min; max; round (to nearest); exp2i (2 to an integral power);
// select_below(i, n, a, b): lane < n - i ? a : b; sum and maximum of the lanes. Words has:
// kNumbersPerWord; multiply_add(a, b, c) = c + a · b of words; narrow(x, n, out): n numbers to
// words, missing ones 0; pair(a, b): the words of two vectors of numbers, lane by lane; second(w,
// b): words w with b as their second number.

namespace {

using tinyzero::AttentionShape;
using tinyzero::Index;
using tinyzero::KeyValues;
using tinyzero::LeftWords;
using tinyzero::SharedRows;
using tinyzero::SoftmaxRow;

constexpr Index kLanes = V::kLanes;
constexpr Index kPanel = 2 * kLanes;  // columns of y that one panel gives
constexpr Index kDepth = 256;         // words of the inner dimension that are done at once
constexpr Index kManyRows = 4 * kTileRows;

inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index larger(Index a, Index b) { return a > b ? a : b; }
inline Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }

// Words of one float each.
struct F32 {
  static constexpr Index kNumbersPerWord = 1;
  static V multiply_add(V a, V b, V c) { return fma(a, b, c); }
  static void narrow(const float* x, Index n, float* out) {
    for (Index j = 0; j < n; ++j) out[j] = x[j];
  }
  static V pair(V a, V) { return a; }
  static V second(V, V b) { return b; }
};

template <class W>
constexpr Index words(Index k) {
  return (k + W::kNumbersPerWord - 1) / W::kNumbersPerWord;
}

inline float largest_of(const float* x, Index n) {
  V top = V::set1(-__builtin_inff());
  Index j = 0;
  for (; j + kLanes <= n; j += kLanes) top = max(top, V::load(x + j));
  float largest = top.maximum();
  for (; j < n; ++j) largest = x[j] > largest ? x[j] : largest;
  return largest;
}

// exp(x) within 2 ulp on [-87.33, 88.37], its value at the nearer end outside: x = n ln 2 + r, a
// polynomial of degree 6 for exp(r), times 2^n. Cephes' split of ln 2.
inline V exponential(V x) {
  x = max(V::set1(-87.33f), min(V::set1(88.37f), x));
  const V n = round(x * V::set1(1.44269504f));
  V r = fma(n, V::set1(-0.693359375f), x);
  r = fma(n, V::set1(2.12194440e-4f), r);
  V p = V::set1(1.9875691500e-4f);
  p = fma(p, r, V::set1(1.3981999507e-3f));
  p = fma(p, r, V::set1(8.3334519073e-3f));
  p = fma(p, r, V::set1(4.1665795894e-2f));
  p = fma(p, r, V::set1(1.6666665459e-1f));
  p = fma(p, r, V::set1(5.0000001201e-1f));
  return fma(p * r, r, r + V::set1(1.0f)) * exp2i(n);
}

// ---- ceilings ----

Index multiply_adds(Index rounds, float& result) {
  constexpr int kSums = 2 * kTileRows;
  V sum[kSums], factor = V::set1(0.25f);  // of bf16 pairs: 0 and 0.25
  for (int i = 0; i < kSums; ++i) sum[i] = V::set1(static_cast<float>(i));
  for (Index r = 0; r < rounds; ++r) {
#pragma GCC unroll 32  // else the compiler keeps as many sums in memory, which halves the roof
    for (int i = 0; i < kSums; ++i) sum[i] = Words::multiply_add(factor, factor, sum[i]);
    asm volatile("" : "+x"(factor.v));  // the compiler must not see through the loop
  }
  for (int i = 1; i < kSums; ++i) sum[0] = sum[0] + sum[i];
  result = sum[0].sum();
  return rounds * kSums * kLanes * 2 * Words::kNumbersPerWord;
}

float read(const float* x, Index n) {
  V sum[4];
  for (V& s : sum) s = V::zero();
  for (Index i = 0; i + 4 * kLanes <= n; i += 4 * kLanes) {
    for (int u = 0; u < 4; ++u) sum[u] = sum[u] + V::load(x + i + u * kLanes);
  }
  return (sum[0] + sum[1] + sum[2] + sum[3]).sum();
}

// ---- matrix product ----

void to_words(const float* x, Index ldx, Index m, Index k, float* out) {
  for (Index i = 0; i < m; ++i) Words::narrow(x + i * ldx, k, out + i * words<Words>(k));
}

void narrow_columns(const float* x, Index ldx, Index k, Index m, float* out) {
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

template <class W>
Index packed_words(Index n, Index k) {
  return round_up(n, kPanel) * words<W>(k);
}

Index packed_size(Index n, Index k) { return packed_words<Words>(n, k); }

// kLanes numbers c of rows first …: those that are not there as zeros.
inline V gather(const float* w, Index row_stride, Index n) {
  if (row_stride == 1) return V::load_n(w, n);
  alignas(64) float lanes[kLanes] = {};
  for (Index j = 0; j < smaller(n, kLanes); ++j) lanes[j] = w[j * row_stride];
  return V::load(lanes);
}

// Panels of kPanel rows of w, transposed: [n / kPanel][words(k)][kPanel], missing rows as zeros.
template <class W>
void pack_words(const float* w, Index row_stride, Index depth_stride, Index n, Index k,
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

void pack(const float* w, Index row_stride, Index depth_stride, Index n, Index k, float* packed) {
  pack_words<Words>(w, row_stride, depth_stride, n, k, packed);
}

struct Product {
  LeftWords x;        // from the first word of this depth on
  Index depth;        // words
  const float* bias;  // of this panel, or null
  bool add;           // to what stands in y
  float* y;           // column 0 of this panel
  Index ldy;
  Index columns;  // of this panel, 1 … kPanel
  bool alone;     // one tile has all the rows
};

// M rows of one panel: 2 M accumulators, one pass over the depth. Meanwhile asks for half a panel
// from `ahead` on, for the L2 cache; for a whole one if no other rows will.
template <class W, int M>
void product_tile(const Product& p, const float* panel, Index row, const float* ahead) {
  const Index row_stride = p.x.row_stride, word_stride = p.x.word_stride, depth = p.depth;
  const float* x = p.x.data + row * row_stride;
  V sum[M][2];
  for (int i = 0; i < M; ++i) sum[i][0] = sum[i][1] = V::zero();
  for (Index c = 0; c < depth; ++c, x += word_stride, panel += kPanel, ahead += kPanel / 2) {
    const V w0 = V::load(panel), w1 = V::load(panel + kLanes);
    __builtin_prefetch(ahead, 0, 2);
    if (p.alone) __builtin_prefetch(ahead + depth * (kPanel / 2), 0, 2);
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

template <class W, int M>
void product_rest(const Product& p, const float* panel, Index row, Index rows, const float* ahead) {
  if (rows == M) product_tile<W, M>(p, panel, row, ahead);
  else if constexpr (M > 1) product_rest<W, M - 1>(p, panel, row, rows, ahead);
}

// `packed_depth`: words that the right side was packed with, of which the first `depth` are used.
// The sums of kDepth words each are added up in order, whatever m is. Many rows take all panels for
// each of them, few rows panel after panel, as they stand in memory.
template <class W>
void product(const LeftWords& x, Index m, Index depth, const float* packed, Index packed_depth,
             Index n, const float* bias, bool add, float* y, Index ldy) {
  const auto part = [&](Index start, Index first) __attribute__((always_inline)) {
    const LeftWords left{x.data + start * x.word_stride, x.row_stride, x.word_stride};
    const float* panel = packed + first * packed_depth + start * kPanel;
    const Product p{left,
                    smaller(depth - start, kDepth),
                    bias != nullptr && start == 0 ? bias + first : nullptr,
                    add || start > 0,
                    y + first,
                    ldy,
                    smaller(n - first, kPanel),
                    m <= kTileRows};
    // The first two tiles of a panel ask for one half each of the next panel, which stands behind
    // this one: small models find it in the L3 cache, large ones in memory.
    const float* ahead = panel + packed_depth * kPanel;
    Index row = 0;
    for (; row + kTileRows <= m; row += kTileRows, ahead += p.depth * kPanel / 2)
      product_tile<W, kTileRows>(p, panel, row, ahead);
    if (row < m) product_rest<W, kTileRows - 1>(p, panel, row, m - row, ahead);
  };
  const Index steps = larger((depth + kDepth - 1) / kDepth, 1), panels = (n + kPanel - 1) / kPanel;
  if (m > kManyRows) {
    for (Index s = 0; s < steps; ++s)
      for (Index j = 0; j < panels; ++j) part(s * kDepth, j * kPanel);
  } else {
    for (Index j = 0; j < panels; ++j)
      for (Index s = 0; s < steps; ++s) part(s * kDepth, j * kPanel);
  }
}

void matmul(const LeftWords& x, Index m, Index k, const float* packed, Index n, const float* bias,
            bool add, float* y, Index ldy) {
  product<Words>(x, m, words<Words>(k), packed, words<Words>(k), n, bias, add, y, ldy);
}

// ---- rows ----

// Σ_j a[j] b[j]
inline float dot(const float* a, const float* b, Index n) {
  V sum = V::zero();
  Index j = 0;
  for (; j + kLanes <= n; j += kLanes) sum = fma(V::load(a + j), V::load(b + j), sum);
  if (j < n) sum = fma(V::load_n(a + j, n - j), V::load_n(b + j, n - j), sum);
  return sum.sum();
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

// ---- attention while decoding ----

void store_key(const float* key, Index head_dim, Index position, float* keys) {
  const Index n = words<Words>(head_dim);
  float* out = keys + position / kLanes * kLanes * n + position % kLanes;
  for (Index j = 0; j < n; j += kLanes) {
    alignas(64) float narrow[kLanes];
    const Index some = smaller(n - j, kLanes);
    Words::narrow(key + j * Words::kNumbersPerWord,
                  smaller(head_dim - j * Words::kNumbersPerWord, kLanes * Words::kNumbersPerWord),
                  narrow);
    for (Index i = 0; i < some; ++i) out[(j + i) * kLanes] = narrow[i];
  }
}

// A word of values holds neighbouring positions: the second is 0 until it comes.
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

// out[h][t] = Σ_j q[h][j] blocks[t][j] for H heads and all t up to `length` rounded up to a block;
// n words of depth.
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

// Asks for the cache lines of n floats from x on, which are needed soon.
inline void fetch(const float* x, Index n) {
  constexpr Index kLine = 16;
  for (Index i = 0; i < n; i += kLine) __builtin_prefetch(x + i);
}

// Meanwhile fetches `ahead_floats` from `ahead` on, evenly over the blocks.
template <class W, int H>
void block_scores(const float* q, Index q_stride, const float* blocks, Index n, Index length,
                  float* out, Index out_stride, const float* ahead, Index ahead_floats) {
  if (length == 0) return;
  const Index share = round_up(ahead_floats * 2 * kLanes / round_up(length, 2 * kLanes), kLanes);
  Index t = 0;
  for (; t + kLanes < length; t += 2 * kLanes, ahead += share) {
    fetch(ahead, share);
    score_blocks<W, H, 2>(q, q_stride, blocks + t * n, n, out + t, out_stride);
  }
  if (t < length) score_blocks<W, H, 1>(q, q_stride, blocks + t * n, n, out + t, out_stride);
}

// out[h] (+)= Σ_t p[h][t] rows[t] for H heads and `depth` words of positions, columns j … of at
// most two vectors.
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

// x[t] = x[t] · scale for t < length, -inf up to a whole vector; returns the largest.
inline V scaled_scores(float* x, Index length, float scale, V top) {
  const V factor = V::set1(scale), none = V::set1(-__builtin_inff());
  for (Index t = 0; t < length; t += kLanes) {
    const V s = select_below(t, length, V::load(x + t) * factor, none);
    s.store(x + t);
    top = max(top, s);
  }
  return top;
}

// x[t] = exp(x[t] - largest) for t < length, 0 up to a whole vector; returns the sums of lanes.
inline V exponential_scores(float* x, Index length, float largest, V total) {
  const V shift = V::set1(largest);
  for (Index t = 0; t < length; t += kLanes) {
    const V e = select_below(t, length, exponential(V::load(x + t) - shift), V::zero());
    e.store(x + t);
    total = total + e;
  }
  return total;
}

struct AttendPlan {
  Index head_dim, parts;
  float scale;
  const KeyValues* kv;
  const float* q;  // words of all heads
  float* scores;   // of one head after the other, each part from a whole vector on
  Index score_stride;
  float* out;
};

template <int H>
void attend_heads(const AttendPlan& a, Index first) {
  const Index q_words = words<Words>(a.head_dim);
  const float* q = a.q + first * q_words;
  float *scores = a.scores + first * a.score_stride, *out = a.out + first * a.head_dim;
  Index at = 0;
  for (Index i = 0; i < a.parts; at += round_up(a.kv[i].length, kLanes), ++i)
    block_scores<Words, H>(q, q_words, a.kv[i].keys, q_words, a.kv[i].length, scores + at,
                           a.score_stride, a.kv[i].values,
                           words<Words>(a.kv[i].length) * a.head_dim);
  float factor[H];
  for (int h = 0; h < H; ++h) {
    float* x = scores + h * a.score_stride;
    V top = V::set1(-__builtin_inff()), total = V::zero();
    at = 0;
    for (Index i = 0; i < a.parts; at += round_up(a.kv[i].length, kLanes), ++i)
      top = scaled_scores(x + at, a.kv[i].length, a.scale, top);
    const float largest = top.maximum();
    at = 0;
    for (Index i = 0; i < a.parts; at += round_up(a.kv[i].length, kLanes), ++i) {
      total = exponential_scores(x + at, a.kv[i].length, largest, total);
      if constexpr (Words::kNumbersPerWord > 1)
        Words::narrow(x + at, round_up(a.kv[i].length, kLanes), x + at);
    }
    factor[h] = 1.0f / total.sum();
  }
  at = 0;
  for (Index i = 0; i < a.parts; at += round_up(a.kv[i].length, kLanes), ++i)
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
            Index parts, float* scratch, float* out) {
  AttendPlan a{head_dim, parts, scale, kv, q, scratch, 0, out};
  for (Index i = 0; i < parts; ++i) a.score_stride += round_up(kv[i].length, kLanes);
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

// ---- attention in training: products of blocks of kQueryRows rows, f32 ----

constexpr Index kQueryRows = 24;

struct TrainScratch {
  float *keys,
      *values;  // packed for scores and for weighted sums; in the backward pass both for scores
  float* keys_across;       // packed for dq
  float *scores, *dscores;  // (kQueryRows, padded)
  float* block;             // packed queries or gradients of a block
  float *k, *v, *dk, *dv;   // (all positions, head_dim): shared rows and own ones
  Index padded;
};

// Floats that positions take, packed either way.
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

// Keys or values of all positions as one matrix: the sequence's own rows where they stand, or
// copied behind the shared ones.
struct Rows {
  const float* data;
  Index stride;
};

inline Rows joined(const AttentionShape& s, const float* shared, Index shared_length,
                   const float* own, Index length, float* room) {
  if (shared_length == 0) return {own, s.qkv_stride};
  copy_rows(shared, s.qkv_stride, shared_length, s.head_dim, room, s.head_dim);
  copy_rows(own, s.qkv_stride, length, s.head_dim, room + shared_length * s.head_dim, s.head_dim);
  return {room, s.head_dim};
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
      for (Index i = 0; i < rows; ++i) {
        float* x = t.scores + i * t.padded;
        const Index own = shared.length + first + i + 1;
        const float largest = largest_of(x, own);
        V total = V::zero();
        for (Index j = 0; j < own; j += kLanes) {
          const V e = select_below(
              j, own, exponential((V::load(x + j) - V::set1(largest)) * V::set1(s.scale)),
              V::zero());
          e.store(x + j);
          total = total + e;
        }
        const float sum = total.sum();
        softmax[h * length + first + i] = {largest, __builtin_logf(sum)};
        const V factor = V::set1(1.0f / sum);
        for (Index j = 0; j < own; j += kLanes) (V::load(x + j) * factor).store(x + j);
        for (Index j = round_up(own, kLanes); j < seen; j += kLanes) V::zero().store(x + j);
      }
      product<F32>({t.scores, t.padded, 1}, rows, seen, t.values, all, s.head_dim, nullptr, false,
                   out + first * s.out_stride + h * s.head_dim, s.out_stride);
    }
  }
}

// p_t of the softmax of scale q·k_t, ds_t = scale p_t (dout·v_t - dout·out), for one row of a
// block; 0 for positions after its own.
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

// Gradients of all positions, gathered in `from`: those of shared rows are added to theirs, the
// others written to the sequence's own.
inline void hand_out(const AttentionShape& s, const float* from, float* shared, Index shared_length,
                     float* own, Index length) {
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
  hand_out(s, t.dk, shared.dk, shared.length, dk, length);
  hand_out(s, t.dv, shared.dv, shared.length, dv, length);
}

// ---- distributions ----

// Calls work(j, x_j in lanes, how many) for all vectors, and end() after each 1,024 of n: f32
// partial sums stay short.
template <class Work, class End>
inline void for_scaled(const float* logits, Index n, float largest, float scale, const Work& work,
                       const End& end) {
  const V shift = V::set1(largest), factor = V::set1(scale);
  for (Index first = 0; first < n; first += 1024) {
    const Index stop = smaller(n, first + 1024);
    for (Index j = first; j < stop; j += kLanes) {
      const Index w = smaller(stop - j, kLanes);
      work(j, (V::load_n(logits + j, w) - shift) * factor, w);
    }
    end();
  }
}

void exponentials(float* logits, Index n, float scale, float& largest, double& sum) {
  largest = largest_of(logits, n);
  sum = 0;
  V part = V::zero();
  for_scaled(
      logits, n, largest, scale,
      [&](Index j, V x, Index w) {
        const V e = select_below(0, w, exponential(x), V::zero());
        e.store_n(logits + j, w);
        part = part + e;
      },
      [&] {
        sum += part.sum();
        part = V::zero();
      });
}

void distribution(const float* logits, Index n, float scale, float& largest, double& sum,
                  double& weighted) {
  largest = largest_of(logits, n);
  sum = weighted = 0;
  V part = V::zero(), weight = V::zero();
  for_scaled(
      logits, n, largest, scale,
      [&](Index, V x, Index w) {
        const V e = select_below(0, w, exponential(x), V::zero());
        part = part + e;
        weight = weight +
                 select_below(0, w, max(x, V::set1(-88.0f)) * e, V::zero());  // -inf · 0 is none
      },
      [&] {
        sum += part.sum();
        weighted += weight.sum();
        part = weight = V::zero();
      });
}

void logit_gradient(float* logits, Index n, float scale, const SoftmaxRow& softmax, float entropy,
                    float g, float e) {
  const V factor = V::set1(scale), largest = V::set1(softmax.largest),
          minus_log_sum = V::set1(-softmax.log_sum), h = V::set1(entropy), minus_g = V::set1(-g),
          minus_e = V::set1(-e);
  for (Index j = 0; j < n; j += kLanes) {
    const Index w = smaller(n - j, kLanes);
    const V log_p = max(fma(V::load_n(logits + j, w) - largest, factor, minus_log_sum),
                        V::set1(-88.0f)),
            p = exponential(log_p);
    (factor * p * fma(minus_e, log_p + h, minus_g)).store_n(logits + j, w);
  }
}

constexpr tinyzero::Kernels kTable{.name = kName,
                                   .lanes = kLanes,
                                   .numbers_per_word = Words::kNumbersPerWord,
                                   .panel = kPanel,
                                   .multiply_adds = multiply_adds,
                                   .read = read,
                                   .to_words = to_words,
                                   .narrow_columns = narrow_columns,
                                   .packed_size = packed_size,
                                   .pack = pack,
                                   .matmul = matmul,
                                   .rms_norm = rms_norm,
                                   .rms_norm_backward = rms_norm_backward,
                                   .swiglu = swiglu,
                                   .swiglu_backward = swiglu_backward,
                                   .rope = rope,
                                   .store_key = store_key,
                                   .store_value = store_value,
                                   .attend_scratch = attend_scratch,
                                   .attend = attend,
                                   .attention_scratch = attention_scratch,
                                   .attention = attention,
                                   .attention_backward = attention_backward,
                                   .exponentials = exponentials,
                                   .distribution = distribution,
                                   .logit_gradient = logit_gradient};

}  // namespace
