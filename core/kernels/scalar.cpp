// Every kernel as its formula reads, in plain loops with double sums, for words of f32 and of bf16:
// the standard that vector kernels are tested against. It leaves out blocking, vectors, and any
// other thought of speed.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "core/kernels/tables.h"

namespace tinyzero {
namespace {

Index multiply_adds(Index rounds, float& result) {
  float sum[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  volatile float factor = 0.999f;
  for (Index r = 0; r < rounds; ++r) {
    const float f = factor;
    for (float& s : sum) s = s * f + f;
  }
  result = std::accumulate(sum, sum + 8, 0.0f);
  return rounds * 8 * 2;
}

float read(const float* x, Index n) { return std::accumulate(x, x + n, 0.0f); }

std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// x as bf16, in the high half: to nearest, ties to even; subnormal numbers become 0, as in
// hardware.
std::uint32_t bf16_bits(float x) {
  const std::uint32_t bits = bits_of(x);
  if (std::isnan(x)) return 0x7FC00000u;
  if ((bits & 0x7F800000u) == 0) return bits & 0x80000000u;
  return (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u;
}

// Numbers in words: one f32 each, or two bf16.
template <Index kNumbersPerWord>
struct Words {
  static constexpr Index kNumbers = kNumbersPerWord;
  static Index count(Index k) { return (k + kNumbersPerWord - 1) / kNumbersPerWord; }

  // Number c of words that lie `stride` floats apart.
  static double get(const float* words, Index stride, Index c) {
    const float word = words[c / kNumbersPerWord * stride];
    if constexpr (kNumbersPerWord == 1) return word;
    return float_of(c % 2 == 0 ? bits_of(word) << 16 : bits_of(word) & 0xFFFF0000u);
  }

  static void put(float* words, Index stride, Index c, float x) {
    float& word = words[c / kNumbersPerWord * stride];
    if constexpr (kNumbersPerWord == 1) {
      word = x;
    } else {
      const std::uint32_t top = bf16_bits(x);
      word = float_of(c % 2 == 0 ? (bits_of(word) & 0xFFFF0000u) | top >> 16
                                 : (bits_of(word) & 0xFFFFu) | top);
    }
  }

  // x as a word holds it.
  static float rounded(float x) {
    if constexpr (kNumbersPerWord == 1) return x;
    return float_of(bf16_bits(x));
  }

  // Words of k numbers that lie `x_stride` floats apart; numbers missing in the last word are 0.
  static void narrow(const float* x, Index x_stride, Index k, float* words, Index stride) {
    for (Index c = 0; c < count(k) * kNumbersPerWord; ++c)
      put(words, stride, c, c < k ? x[c * x_stride] : 0.0f);
  }
};

template <class W>
void to_words(const float* x, Index ldx, Index m, Index k, float* out) {
  for (Index i = 0; i < m; ++i) W::narrow(x + i * ldx, 1, k, out + i * W::count(k), 1);
}

template <class W>
void columns_to_words(const float* x, Index ldx, Index k, Index m, float* out) {
  for (Index i = 0; i < m; ++i) W::narrow(x + i, ldx, k, out + i, m);
}

template <class W>
Index packed_size(Index n, Index k) {
  return n * W::count(k);
}

template <class W>
void pack(const float* w, Index row_stride, Index depth_stride, Index n, Index k, float* packed) {
  for (Index i = 0; i < n; ++i)
    W::narrow(w + i * row_stride, depth_stride, k, packed + i * W::count(k), 1);
}

template <class W>
void matmul(const LeftWords& x, Index m, Index k, const float* w, Index n, const float* bias,
            bool add, float* y, Index ldy) {
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = (bias != nullptr ? bias[j] : 0.0f) + (add ? y[i * ldy + j] : 0.0f);
      for (Index c = 0; c < k; ++c)
        sum +=
            W::get(x.data + i * x.row_stride, x.word_stride, c) * W::get(w + j * W::count(k), 1, c);
      y[i * ldy + j] = static_cast<float>(sum);
    }
  }
}

double inverse_rms(const float* x, Index n, float eps) {
  double squares = 0;
  for (Index j = 0; j < n; ++j) squares += static_cast<double>(x[j]) * x[j];
  return 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
}

void rms_norm(const float* x, Index ldx, const float* weight, float eps, Index m, Index n, float* y,
              Index ldy) {
  for (Index i = 0; i < m; ++i) {
    const double inverse = inverse_rms(x + i * ldx, n, eps);
    for (Index j = 0; j < n; ++j)
      y[i * ldy + j] = static_cast<float>(x[i * ldx + j] * inverse * weight[j]);
  }
}

// With s = 1/rms(x) and g = dy · weight:
//   dx = s g - x s³ mean(g x)        dweight = Σ over rows of dy x s
void rms_norm_backward(const float* x, const float* weight, float eps, const float* dy, Index m,
                       Index n, float* dx, float* dweight) {
  for (Index i = 0; i < m; ++i) {
    const float *xi = x + i * n, *dyi = dy + i * n;
    const double s = inverse_rms(xi, n, eps);
    double dot = 0;
    for (Index j = 0; j < n; ++j) dot += static_cast<double>(dyi[j]) * weight[j] * xi[j];
    const double shift = s * s * s * dot / static_cast<double>(n);
    for (Index j = 0; j < n; ++j) {
      dweight[j] += static_cast<float>(dyi[j] * xi[j] * s);
      dx[i * n + j] = static_cast<float>(s * dyi[j] * weight[j] - shift * xi[j]);
    }
  }
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

void swiglu(const float* gate_up, Index m, Index n, float* y) {
  for (Index i = 0; i < m; ++i) {
    const float *gate = gate_up + i * 2 * n, *up = gate + n;
    for (Index j = 0; j < n; ++j)
      y[i * n + j] = static_cast<float>(gate[j] * sigmoid(gate[j]) * up[j]);
  }
}

void swiglu_backward(const float* gate_up, const float* dy, Index m, Index n, float* dgate_up) {
  for (Index i = 0; i < m; ++i) {
    const float *gate = gate_up + i * 2 * n, *up = gate + n;
    float *dgate = dgate_up + i * 2 * n, *dup = dgate + n;
    for (Index j = 0; j < n; ++j) {
      const double s = sigmoid(gate[j]), d = dy[i * n + j];
      dup[j] = static_cast<float>(d * gate[j] * s);
      dgate[j] = static_cast<float>(d * up[j] * s * (1.0 + gate[j] * (1.0 - s)));
    }
  }
}

void rope(float* x, Index heads, Index head_dim, const float* cosines, const float* sines) {
  const Index half = head_dim / 2;
  for (Index h = 0; h < heads; ++h) {
    float *a = x + h * head_dim, *b = a + half;
    for (Index j = 0; j < half; ++j) {
      const float first = a[j] * cosines[j] - b[j] * sines[j];
      b[j] = b[j] * cosines[j] + a[j] * sines[j];
      a[j] = first;
    }
  }
}

// One lane: a block of keys is one position's words.
template <class W>
void store_key(const float* key, Index head_dim, Index position, float* keys) {
  W::narrow(key, 1, head_dim, keys + position * W::count(head_dim), 1);
}

// A word of values holds two neighbouring positions; the second is 0 until it is stored.
template <class W>
void store_value(const float* value, Index head_dim, Index position, float* values) {
  for (Index j = 0; j < head_dim; ++j) {
    if (position % W::kNumbers == 0)
      W::narrow(value + j, 1, 1, values + position / W::kNumbers * head_dim + j, 1);
    else W::put(values + j, head_dim, position, value[j]);
  }
}

// exp(scale · (score - largest)) of scores, in place, and their sum.
SoftmaxRow exponentials_of(float* scores, Index n, double scale, double& sum) {
  const float largest = *std::max_element(scores, scores + n);
  sum = 0;
  for (Index t = 0; t < n; ++t) {
    const double e = std::exp((static_cast<double>(scores[t]) - largest) * scale);
    scores[t] = static_cast<float>(e);
    sum += e;
  }
  return {largest, static_cast<float>(std::log(sum))};
}

// Log-probability of the number x.
double log_p(float x, const SoftmaxRow& softmax, double scale) {
  return (static_cast<double>(x) - softmax.largest) * scale - softmax.log_sum;
}

double dot(const float* a, const float* b, Index n) {
  double sum = 0;
  for (Index j = 0; j < n; ++j) sum += static_cast<double>(a[j]) * b[j];
  return sum;
}

// The same of numbers as words hold them.
template <class W>
double dot_in_words(const float* a, const float* b, Index n) {
  double sum = 0;
  for (Index j = 0; j < n; ++j) sum += static_cast<double>(W::rounded(a[j])) * W::rounded(b[j]);
  return sum;
}

template <class W>
Index attend_scratch(Index, Index head_dim, Index length) {
  return length + W::count(head_dim) + 1;
}

// Queries and weights are rounded to what a word holds before they meet keys and values.
template <class W>
void attend(const float* q, Index group, Index head_dim, float scale, const KeyValues* kv,
            Index segments, float* scratch, float* out) {
  float *query = scratch, *scores = scratch + W::count(head_dim) + 1, *one = scores - 1;
  for (Index h = 0; h < group; ++h) {
    W::narrow(q + h * head_dim, 1, head_dim, query, 1);
    Index length = 0;
    for (Index i = 0; i < segments; ++i) {
      for (Index t = 0; t < kv[i].length; ++t, ++length) {
        double sum = 0;
        for (Index j = 0; j < head_dim; ++j)
          sum += W::get(query, 1, j) * W::get(kv[i].keys + t * W::count(head_dim), 1, j);
        scores[length] = static_cast<float>(sum * scale);
      }
    }
    const double largest = *std::max_element(scores, scores + length);
    double total = 0;
    for (Index t = 0; t < length; ++t)
      total += scores[t] = static_cast<float>(std::exp(scores[t] - largest));
    for (Index j = 0; j < head_dim; ++j) {
      double sum = 0;
      Index at = 0;
      for (Index i = 0; i < segments; ++i) {
        for (Index t = 0; t < kv[i].length; ++t, ++at) {
          W::put(one, 1, 0, scores[at]);
          sum += W::get(one, 1, 0) * W::get(kv[i].values + j, head_dim, t);
        }
      }
      out[h * head_dim + j] = static_cast<float>(sum / total);
    }
  }
}

Index attention_scratch(const AttentionShape&, Index length) { return length; }

// Row t of all rows: the shared ones, then the sequence's own.
template <class Float>
Float* row_of(Float* shared, Float* own, const SharedRows& rows, Index stride, Index t) {
  return t < rows.length ? shared + t * stride : own + (t - rows.length) * stride;
}

template <class W>
void attention(const AttentionShape& s, const float* q, const float* k, const float* v,
               const SharedRows& shared, Index length, float* out, SoftmaxRow* softmax,
               float* scratch) {
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index i = 0; i < length; ++i) {
      const float* qi = q + i * s.qkv_stride + h * s.head_dim;
      const Index seen = shared.length + i + 1;
      for (Index t = 0; t < seen; ++t)
        scratch[t] = static_cast<float>(
            dot_in_words<W>(qi, row_of(shared.k, k, shared, s.qkv_stride, t), s.head_dim));
      double total = 0;
      softmax[h * length + i] = exponentials_of(scratch, seen, s.scale, total);
      for (Index j = 0; j < s.head_dim; ++j) {
        double sum = 0;
        for (Index t = 0; t < seen; ++t)
          sum += static_cast<double>(W::rounded(scratch[t])) *
                 W::rounded(row_of(shared.v, v, shared, s.qkv_stride, t)[j]);
        out[i * s.out_stride + h * s.head_dim + j] = static_cast<float>(sum / total);
      }
    }
  }
}

// With p_t the softmax of scale q·k_t, and ds_t = scale p_t (dout·v_t - dout·out):
//   dq = Σ ds_t k_t        dk_t += ds_t q        dv_t += p_t dout
// All of these products but dout·out take numbers as words hold them.
template <class W>
void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v,
                        const SharedRows& shared, const float* out, const SoftmaxRow* softmax,
                        const float* dout, Index length, float* dq, float* dk, float* dv, float*) {
  for (Index t = 0; t < length; ++t) {
    std::fill_n(dk + t * s.qkv_stride, s.head_dim, 0.0f);
    std::fill_n(dv + t * s.qkv_stride, s.head_dim, 0.0f);
  }
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index i = 0; i < length; ++i) {
      const float *qi = q + i * s.qkv_stride + h * s.head_dim,
                  *oi = out + i * s.out_stride + h * s.head_dim,
                  *doi = dout + i * s.out_stride + h * s.head_dim;
      float* dqi = dq + i * s.qkv_stride + h * s.head_dim;
      const double delta = dot(doi, oi, s.head_dim);
      std::fill_n(dqi, s.head_dim, 0.0f);
      for (Index t = 0; t < shared.length + i + 1; ++t) {
        const float *kt = row_of(shared.k, k, shared, s.qkv_stride, t),
                    *vt = row_of(shared.v, v, shared, s.qkv_stride, t);
        float *dkt = row_of(shared.dk, dk, shared, s.qkv_stride, t),
              *dvt = row_of(shared.dv, dv, shared, s.qkv_stride, t);
        const float score = static_cast<float>(dot_in_words<W>(qi, kt, s.head_dim));
        const double p = std::exp(log_p(score, softmax[h * length + i], s.scale));
        const double ds = p * (dot_in_words<W>(doi, vt, s.head_dim) - delta) * s.scale;
        const float p_word = W::rounded(static_cast<float>(p)),
                    ds_word = W::rounded(static_cast<float>(ds));
        for (Index j = 0; j < s.head_dim; ++j) {
          dqi[j] += ds_word * W::rounded(kt[j]);
          dkt[j] += ds_word * W::rounded(qi[j]);
          dvt[j] += p_word * W::rounded(doi[j]);
        }
      }
    }
  }
}

void exponentials(float* logits, Index n, float scale, float& largest, double& sum) {
  largest = *std::max_element(logits, logits + n);
  sum = 0;
  for (Index j = 0; j < n; ++j) {
    logits[j] = std::exp((logits[j] - largest) * scale);
    sum += logits[j];
  }
}

void distribution(const float* logits, Index n, float scale, float& largest, double& sum,
                  double& weighted) {
  largest = *std::max_element(logits, logits + n);
  sum = weighted = 0;
  for (Index j = 0; j < n; ++j) {
    const double x = (static_cast<double>(logits[j]) - largest) * scale, e = std::exp(x);
    sum += e;
    weighted += e > 0 ? x * e : 0.0;
  }
}

void logit_gradient(float* logits, Index n, float scale, const SoftmaxRow& softmax, float entropy,
                    float g, float e) {
  for (Index j = 0; j < n; ++j) {
    const double log = log_p(logits[j], softmax, scale), p = std::exp(log);
    logits[j] = p > 0 ? static_cast<float>(scale * p * (-g - e * (log + entropy))) : 0.0f;
  }
}

template <Index kNumbersPerWord>
constexpr Kernels table(const char* name) {
  using W = Words<kNumbersPerWord>;
  return {.name = name,
          .lanes = 1,
          .numbers_per_word = kNumbersPerWord,
          .panel = 1,
          .multiply_adds = multiply_adds,
          .read = read,
          .to_words = to_words<W>,
          .columns_to_words = columns_to_words<W>,
          .packed_size = packed_size<W>,
          .pack = pack<W>,
          .matmul = matmul<W>,
          .rms_norm = rms_norm,
          .rms_norm_backward = rms_norm_backward,
          .swiglu = swiglu,
          .swiglu_backward = swiglu_backward,
          .rope = rope,
          .store_key = store_key<W>,
          .store_value = store_value<W>,
          .attend_scratch = attend_scratch<W>,
          .attend = attend<W>,
          .attention_scratch = attention_scratch,
          .attention = attention<W>,
          .attention_backward = attention_backward<W>,
          .exponentials = exponentials,
          .distribution = distribution,
          .logit_gradient = logit_gradient};
}

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels kTable = table<1>("scalar");
  return kTable;
}

const Kernels& scalar_bf16_kernels() {
  static constexpr Kernels kTable = table<2>("scalar-bf16");
  return kTable;
}

}  // namespace tinyzero
