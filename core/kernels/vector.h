// The kernels for machines with vectors, written once over a small vector type `V` that avx2.cpp and avx512.cpp define before they
// include this file. Everything stands in an anonymous namespace and no standard template is used: code compiled for AVX-512 must
// not be merged by the linker with code that other machines run.
//
// Roofs (per core of a Zen 4 at 3.7 GHz): 117 GFLOP/s of multiply-adds; matmul reaches them while a panel of weights (k · kPanel
// floats) stays in the L1 cache and the weights as a whole in L2 or L3; the row kernels are bound by cache bandwidth.

// V has: kLanes; set1, zero, load, load_n (first n lanes, others 0), store, store_n; + - * / and fma(a, b, c) = a b + c; min; max;
// round (to nearest); exp2i (2 to an integral power); select_below(i, n, a, b): lane < n - i ? a : b; sum and maximum of the lanes.

namespace {

using tinyzero::AttentionShape;
using tinyzero::Index;
using tinyzero::KeyValues;

constexpr Index kLanes = V::kLanes;
constexpr Index kPanel = 2 * kLanes;  // columns of y that one panel of weights gives

inline Index smaller(Index a, Index b) { return a < b ? a : b; }
inline Index round_up(Index n, Index multiple) { return (n + multiple - 1) / multiple * multiple; }

// exp(x) within 2 ulp on [-87.33, 88.37], its value at the nearer end outside: x = n ln 2 + r, a polynomial of degree 6 for exp(r), times 2^n. Cephes' split of ln 2.
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

// ---- matrix product ----

Index packed_size(Index n, Index k) { return round_up(n, kPanel) * k; }

// Panels of kPanel rows of w, transposed: [n / kPanel][k][kPanel], missing rows as zeros.
void pack(const float* w, Index n, Index k, float* packed) {
  for (Index first = 0; first < n; first += kPanel) {
    for (Index c = 0; c < k; ++c) {
      for (Index j = 0; j < kPanel; ++j) *packed++ = first + j < n ? w[(first + j) * k + c] : 0.0f;
    }
  }
}

struct Product {
  const float* x;
  Index ldx, k;
  const float* bias;  // of this panel, or null
  bool add;
  float* y;  // column 0 of this panel
  Index ldy;
  Index columns;  // of this panel, 1 … kPanel
};

// M rows of one panel: 2 M accumulators, one pass over k.
template <int M>
void product_tile(const Product& p, const float* panel, Index row) {
  const float* x = p.x + row * p.ldx;
  V sum[M][2];
  for (int i = 0; i < M; ++i) sum[i][0] = sum[i][1] = V::zero();
  for (Index c = 0; c < p.k; ++c) {
    const V w0 = V::load(panel + c * kPanel), w1 = V::load(panel + c * kPanel + kLanes);
    for (int i = 0; i < M; ++i) {
      const V xi = V::set1(x[i * p.ldx + c]);
      sum[i][0] = fma(xi, w0, sum[i][0]);
      sum[i][1] = fma(xi, w1, sum[i][1]);
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

template <int M>
void product_rest(const Product& p, const float* panel, Index row, Index rows) {
  if (rows == M) product_tile<M>(p, panel, row);
  else if constexpr (M > 1) product_rest<M - 1>(p, panel, row, rows);
}

void matmul(const float* x, Index ldx, Index m, Index k, const float* packed, Index n, const float* bias, bool add, float* y, Index ldy) {
  for (Index first = 0; first < n; first += kPanel) {
    const float* panel = packed + first * k;
    const Product p{x, ldx, k, bias != nullptr ? bias + first : nullptr, add, y + first, ldy, smaller(n - first, kPanel)};
    Index row = 0;
    for (; row + kTileRows <= m; row += kTileRows) product_tile<kTileRows>(p, panel, row);
    if (row < m) product_rest<kTileRows - 1>(p, panel, row, m - row);
  }
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

inline float inverse_rms(const float* x, Index n, float eps) { return 1.0f / __builtin_sqrtf(dot(x, x, n) / static_cast<float>(n) + eps); }

void rms_norm(const float* x, Index ldx, const float* weight, float eps, Index m, Index n, float* y, Index ldy) {
  for (Index i = 0; i < m; ++i) {
    const V inverse = V::set1(inverse_rms(x + i * ldx, n, eps));
    for (Index j = 0; j < n; j += kLanes) {
      const Index w = smaller(n - j, kLanes);
      (V::load_n(x + i * ldx + j, w) * inverse * V::load_n(weight + j, w)).store_n(y + i * ldy + j, w);
    }
  }
}

void rms_norm_backward(const float* x, const float* weight, float eps, const float* dy, Index m, Index n, float* dx, float* dweight) {
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
      const V aj = V::load_n(a + j, w), bj = V::load_n(b + j, w), c = V::load_n(cosines + j, w), s = V::load_n(sines + j, w);
      (aj * c - bj * s).store_n(a + j, w);
      fma(bj, c, aj * s).store_n(b + j, w);
    }
  }
}

// ---- attention ----

inline void put_in_block(const float* row, Index n, Index position, float* blocks) {
  float* out = blocks + position / kLanes * kLanes * n + position % kLanes;
  for (Index j = 0; j < n; ++j) out[j * kLanes] = row[j];
}

void store_key(const float* key, Index head_dim, Index position, float* keys) { put_in_block(key, head_dim, position, keys); }

// out[h][t] = Σ_j q[h][j] blocks[t][j] for H heads and all t up to `length` rounded up to a block.
template <int H>
void block_scores(const float* q, Index q_stride, const float* blocks, Index n, Index length, float* out, Index out_stride) {
  for (Index t = 0; t < length; t += kLanes, blocks += kLanes * n) {
    V sum[H];
    for (int h = 0; h < H; ++h) sum[h] = V::zero();
    for (Index j = 0; j < n; ++j) {
      const V block = V::load(blocks + j * kLanes);
      for (int h = 0; h < H; ++h) sum[h] = fma(V::set1(q[h * q_stride + j]), block, sum[h]);
    }
    for (int h = 0; h < H; ++h) sum[h].store(out + h * out_stride + t);
  }
}

// out[h] = factor[h] · Σ_t p[h][t] rows[t] for H heads; rows of n floats.
template <int H>
void weighted_rows(const float* p, Index p_stride, const float* rows, Index row_stride, Index length, Index n, const float* factor,
                   float* out, Index out_stride) {
  for (Index j = 0; j < n; j += kPanel) {
    const Index w0 = smaller(n - j, kLanes), w1 = n - j > kLanes ? smaller(n - j - kLanes, kLanes) : 0;
    V sum[H][2];
    for (int h = 0; h < H; ++h) sum[h][0] = sum[h][1] = V::zero();
    for (Index t = 0; t < length; ++t) {
      const float* row = rows + t * row_stride + j;
      const V r0 = V::load_n(row, w0), r1 = w1 > 0 ? V::load_n(row + kLanes, w1) : V::zero();
      for (int h = 0; h < H; ++h) {
        const V weight = V::set1(p[h * p_stride + t]);
        sum[h][0] = fma(weight, r0, sum[h][0]);
        sum[h][1] = fma(weight, r1, sum[h][1]);
      }
    }
    for (int h = 0; h < H; ++h) {
      const V scale = V::set1(factor[h]);
      (sum[h][0] * scale).store_n(out + h * out_stride + j, w0);
      if (w1 > 0) (sum[h][1] * scale).store_n(out + h * out_stride + j + kLanes, w1);
    }
  }
}

// scores (of `length`, room for whole vectors) become exp(scale · score - largest); returns the largest and the sum.
inline void softmax_parts(float* scores, Index length, float scale, float& largest, float& sum) {
  V top = V::set1(-__builtin_inff());
  for (Index t = 0; t < length; t += kLanes) {
    const V s = select_below(t, length, V::load(scores + t) * V::set1(scale), V::set1(-__builtin_inff()));
    s.store(scores + t);
    top = max(top, s);
  }
  largest = top.maximum();
  V total = V::zero();
  for (Index t = 0; t < length; t += kLanes) {
    const V e = select_below(t, length, exponential(V::load(scores + t) - V::set1(largest)), V::zero());
    e.store(scores + t);
    total = total + e;
  }
  sum = total.sum();
}

struct AttentionRow {
  Index head_dim;
  float scale;
  const float* key_blocks;
  const float* values;
  Index value_stride;
  Index length;    // positions attended to
  float* scratch;  // H · score_stride
  Index score_stride;
};

template <int H>
void attend_heads(const AttentionRow& r, const float* q, float* out, float* lse, Index lse_stride) {
  block_scores<H>(q, r.head_dim, r.key_blocks, r.head_dim, r.length, r.scratch, r.score_stride);
  float factor[H];
  for (int h = 0; h < H; ++h) {
    float largest, sum;
    softmax_parts(r.scratch + h * r.score_stride, r.length, r.scale, largest, sum);
    factor[h] = 1.0f / sum;
    if (lse != nullptr) lse[h * lse_stride] = largest + __builtin_logf(sum);
  }
  weighted_rows<H>(r.scratch, r.score_stride, r.values, r.value_stride, r.length, r.head_dim, factor, out, r.head_dim);
}

// All query heads of a group, four at a time.
inline void attend_group(const AttentionRow& r, const float* q, Index group, float* out, float* lse, Index lse_stride) {
  for (Index h = 0; h < group; h += 4) {
    const float* qh = q + h * r.head_dim;
    float* oh = out + h * r.head_dim;
    float* lh = lse != nullptr ? lse + h * lse_stride : nullptr;
    switch (smaller(group - h, 4)) {
      case 4: attend_heads<4>(r, qh, oh, lh, lse_stride); break;
      case 3: attend_heads<3>(r, qh, oh, lh, lse_stride); break;
      case 2: attend_heads<2>(r, qh, oh, lh, lse_stride); break;
      default: attend_heads<1>(r, qh, oh, lh, lse_stride);
    }
  }
}

void attend(const float* q, Index group, Index head_dim, float scale, const KeyValues& kv, Index length, float* scratch, float* out) {
  const AttentionRow row{head_dim, scale, kv.keys, kv.values, head_dim, length, scratch, round_up(length, kLanes)};
  attend_group(row, q, group, out, nullptr, 0);
}

Index attention_scratch(const AttentionShape& s, Index length) {
  const Index padded = round_up(length, kLanes);
  return 2 * padded * s.head_dim + 8 * padded;  // key and value blocks; p and ds of four heads
}

inline void make_blocks(const float* rows, Index stride, Index length, Index n, float* blocks) {
  const Index padded = round_up(length, kLanes);
  for (Index t = 0; t < padded; ++t) {
    if (t < length) {
      put_in_block(rows + t * stride, n, t, blocks);
    } else {
      float* out = blocks + t / kLanes * kLanes * n + t % kLanes;
      for (Index j = 0; j < n; ++j) out[j * kLanes] = 0.0f;
    }
  }
}

void attention(const AttentionShape& s, const float* q, const float* k, const float* v, Index length, float* out, float* lse,
               float* scratch) {
  const Index padded = round_up(length, kLanes);
  make_blocks(k, s.qkv_stride, length, s.head_dim, scratch);
  AttentionRow row{s.head_dim, s.scale, scratch, v, s.qkv_stride, 0, scratch + padded * s.head_dim, padded};
  for (Index i = 0; i < length; ++i) {
    row.length = i + 1;
    attend_group(row, q + i * s.qkv_stride, s.heads / s.kv_heads, out + i * s.out_stride, lse + i, length);
  }
}

struct BackwardRow {
  const AttentionShape& s;
  const float *k, *key_blocks, *value_blocks;
  float *dk, *dv, *p, *ds;
  Index length, score_stride;
};

// rows[t] += Σ_h weight[h][t] x[h]
template <int H>
void add_outer(const float* weight, Index weight_stride, const float* x, Index x_stride, Index length, Index n, float* rows,
               Index row_stride) {
  for (Index j = 0; j < n; j += kLanes) {
    const Index w = smaller(n - j, kLanes);
    V xh[H];
    for (int h = 0; h < H; ++h) xh[h] = V::load_n(x + h * x_stride + j, w);
    for (Index t = 0; t < length; ++t) {
      V sum = V::load_n(rows + t * row_stride + j, w);
      for (int h = 0; h < H; ++h) sum = fma(V::set1(weight[h * weight_stride + t]), xh[h], sum);
      sum.store_n(rows + t * row_stride + j, w);
    }
  }
}

// Query heads of one row: p_t = exp(scale q·k_t - lse), ds_t = scale p_t (dout·v_t - dout·out); see scalar.cpp.
template <int H>
void backward_heads(const BackwardRow& r, const float* q, const float* out, const float* dout, const float* lse, Index lse_stride,
                    float* dq) {
  const Index n = r.s.head_dim;
  block_scores<H>(q, n, r.key_blocks, n, r.length, r.p, r.score_stride);
  block_scores<H>(dout, n, r.value_blocks, n, r.length, r.ds, r.score_stride);
  float one[H];
  for (int h = 0; h < H; ++h) {
    one[h] = 1.0f;
    const V delta = V::set1(dot(dout + h * n, out + h * n, n)), shift = V::set1(-lse[h * lse_stride]), scale = V::set1(r.s.scale);
    for (Index t = 0; t < r.length; t += kLanes) {
      float *p = r.p + h * r.score_stride + t, *ds = r.ds + h * r.score_stride + t;
      const V pt = exponential(fma(V::load(p), scale, shift));
      pt.store(p);
      (pt * (V::load(ds) - delta) * scale).store(ds);
    }
  }
  weighted_rows<H>(r.ds, r.score_stride, r.k, r.s.qkv_stride, r.length, n, one, dq, n);
  add_outer<H>(r.ds, r.score_stride, q, n, r.length, n, r.dk, r.s.qkv_stride);
  add_outer<H>(r.p, r.score_stride, dout, n, r.length, n, r.dv, r.s.qkv_stride);
}

void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const float* out, const float* lse,
                        const float* dout, Index length, float* dq, float* dk, float* dv, float* scratch) {
  const Index padded = round_up(length, kLanes), n = s.head_dim, group = s.heads / s.kv_heads;
  float *key_blocks = scratch, *value_blocks = key_blocks + padded * n, *p = value_blocks + padded * n;
  make_blocks(k, s.qkv_stride, length, n, key_blocks);
  make_blocks(v, s.qkv_stride, length, n, value_blocks);
  for (Index t = 0; t < length; ++t) {
    for (Index j = 0; j < n; ++j) dk[t * s.qkv_stride + j] = dv[t * s.qkv_stride + j] = 0.0f;
  }
  BackwardRow row{s, k, key_blocks, value_blocks, dk, dv, p, p + 4 * padded, 0, padded};
  for (Index i = 0; i < length; ++i) {
    row.length = i + 1;
    for (Index h = 0; h < group; h += 4) {
      const Index at = i * s.qkv_stride + h * n, to = i * s.out_stride + h * n;
      const float* l = lse + h * length + i;
      switch (smaller(group - h, 4)) {
        case 4: backward_heads<4>(row, q + at, out + to, dout + to, l, length, dq + at); break;
        case 3: backward_heads<3>(row, q + at, out + to, dout + to, l, length, dq + at); break;
        case 2: backward_heads<2>(row, q + at, out + to, dout + to, l, length, dq + at); break;
        default: backward_heads<1>(row, q + at, out + to, dout + to, l, length, dq + at);
      }
    }
  }
}

// ---- distributions ----

void exponentials(float* logits, Index n, float scale, float& largest, double& sum) {
  V top = V::set1(-__builtin_inff());
  Index j = 0;
  for (; j + kLanes <= n; j += kLanes) top = max(top, V::load(logits + j));
  largest = top.maximum();
  for (; j < n; ++j) largest = logits[j] > largest ? logits[j] : largest;

  sum = 0;
  const V shift = V::set1(largest), factor = V::set1(scale);
  for (Index first = 0; first < n; first += 1024) {  // f32 partial sums stay short
    V part = V::zero();
    const Index end = smaller(n, first + 1024);
    for (j = first; j < end; j += kLanes) {
      const Index w = smaller(end - j, kLanes);
      const V e = select_below(j, end, exponential((V::load_n(logits + j, w) - shift) * factor), V::zero());
      e.store_n(logits + j, w);
      part = part + e;
    }
    sum += static_cast<double>(part.sum());
  }
}

constexpr tinyzero::Kernels kTable{kName,
                                   kLanes,
                                   packed_size,
                                   pack,
                                   matmul,
                                   rms_norm,
                                   rms_norm_backward,
                                   swiglu,
                                   swiglu_backward,
                                   rope,
                                   store_key,
                                   attend,
                                   attention_scratch,
                                   attention,
                                   attention_backward,
                                   exponentials};

}  // namespace
