// The reference: every kernel as its formula reads, in plain loops, with f32 storage and double sums.
// What it leaves out: blocking, vectors, any thought of speed beyond that.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/kernels/tables.h"

namespace tinyzero {
namespace {

Index packed_size(Index n, Index k) { return n * k; }

void pack(const float* w, Index n, Index k, float* packed) { std::memcpy(packed, w, static_cast<std::size_t>(n * k) * sizeof(float)); }

void matmul(const float* x, Index ldx, Index m, Index k, const float* w, Index n, const float* bias, bool add, float* y, Index ldy) {
  for (Index i = 0; i < m; ++i) {
    for (Index j = 0; j < n; ++j) {
      double sum = (bias != nullptr ? bias[j] : 0.0f) + (add ? y[i * ldy + j] : 0.0f);
      for (Index c = 0; c < k; ++c) sum += static_cast<double>(x[i * ldx + c]) * w[j * k + c];
      y[i * ldy + j] = static_cast<float>(sum);
    }
  }
}

double inverse_rms(const float* x, Index n, float eps) {
  double squares = 0;
  for (Index j = 0; j < n; ++j) squares += static_cast<double>(x[j]) * x[j];
  return 1.0 / std::sqrt(squares / static_cast<double>(n) + eps);
}

void rms_norm(const float* x, Index ldx, const float* weight, float eps, Index m, Index n, float* y, Index ldy) {
  for (Index i = 0; i < m; ++i) {
    const double inverse = inverse_rms(x + i * ldx, n, eps);
    for (Index j = 0; j < n; ++j) y[i * ldy + j] = static_cast<float>(x[i * ldx + j] * inverse * weight[j]);
  }
}

// With s = 1/rms(x) and g = dy · weight:  dx = s g - x s³ mean(g x),  dweight = sum over rows of dy x s.
void rms_norm_backward(const float* x, const float* weight, float eps, const float* dy, Index m, Index n, float* dx, float* dweight) {
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
    for (Index j = 0; j < n; ++j) y[i * n + j] = static_cast<float>(gate[j] * sigmoid(gate[j]) * up[j]);
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

// One lane: a block of keys is one position's row.
void store_key(const float* key, Index head_dim, Index position, float* keys) {
  std::memcpy(keys + position * head_dim, key, static_cast<std::size_t>(head_dim) * sizeof(float));
}

// Softmax of `scores` in place; returns their log-sum-exp.
double softmax(float* scores, Index n) {
  const double largest = *std::max_element(scores, scores + n);
  double sum = 0;
  for (Index t = 0; t < n; ++t) sum += std::exp(scores[t] - largest);
  for (Index t = 0; t < n; ++t) scores[t] = static_cast<float>(std::exp(scores[t] - largest) / sum);
  return largest + std::log(sum);
}

double dot(const float* a, const float* b, Index n) {
  double sum = 0;
  for (Index j = 0; j < n; ++j) sum += static_cast<double>(a[j]) * b[j];
  return sum;
}

void attend(const float* q, Index group, Index head_dim, float scale, const KeyValues& kv, Index length, float* scratch, float* out) {
  for (Index h = 0; h < group; ++h) {
    for (Index t = 0; t < length; ++t) scratch[t] = static_cast<float>(dot(q + h * head_dim, kv.keys + t * head_dim, head_dim) * scale);
    softmax(scratch, length);
    for (Index j = 0; j < head_dim; ++j) {
      double sum = 0;
      for (Index t = 0; t < length; ++t) sum += static_cast<double>(scratch[t]) * kv.values[t * head_dim + j];
      out[h * head_dim + j] = static_cast<float>(sum);
    }
  }
}

Index attention_scratch(const AttentionShape&, Index length) { return length; }

void attention(const AttentionShape& s, const float* q, const float* k, const float* v, Index length, float* out, float* lse,
               float* scratch) {
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index i = 0; i < length; ++i) {
      const float* qi = q + i * s.qkv_stride + h * s.head_dim;
      for (Index t = 0; t <= i; ++t) scratch[t] = static_cast<float>(dot(qi, k + t * s.qkv_stride, s.head_dim) * s.scale);
      lse[h * length + i] = static_cast<float>(softmax(scratch, i + 1));
      for (Index j = 0; j < s.head_dim; ++j) {
        double sum = 0;
        for (Index t = 0; t <= i; ++t) sum += static_cast<double>(scratch[t]) * v[t * s.qkv_stride + j];
        out[i * s.out_stride + h * s.head_dim + j] = static_cast<float>(sum);
      }
    }
  }
}

// p_t = exp(scale q·k_t - lse),  ds_t = p_t (dout·v_t - dout·out);  dq = scale Σ ds_t k_t,  dk_t += scale ds_t q,  dv_t += p_t dout.
void attention_backward(const AttentionShape& s, const float* q, const float* k, const float* v, const float* out, const float* lse,
                        const float* dout, Index length, float* dq, float* dk, float* dv, float*) {
  for (Index t = 0; t < length; ++t) {
    std::fill_n(dk + t * s.qkv_stride, s.head_dim, 0.0f);
    std::fill_n(dv + t * s.qkv_stride, s.head_dim, 0.0f);
  }
  for (Index h = 0; h < s.heads / s.kv_heads; ++h) {
    for (Index i = 0; i < length; ++i) {
      const float *qi = q + i * s.qkv_stride + h * s.head_dim, *oi = out + i * s.out_stride + h * s.head_dim,
                  *doi = dout + i * s.out_stride + h * s.head_dim;
      float* dqi = dq + i * s.qkv_stride + h * s.head_dim;
      const double delta = dot(doi, oi, s.head_dim);
      std::fill_n(dqi, s.head_dim, 0.0f);
      for (Index t = 0; t <= i; ++t) {
        const float *kt = k + t * s.qkv_stride, *vt = v + t * s.qkv_stride;
        const double p = std::exp(dot(qi, kt, s.head_dim) * s.scale - lse[h * length + i]);
        const double ds = p * (dot(doi, vt, s.head_dim) - delta) * s.scale;
        for (Index j = 0; j < s.head_dim; ++j) {
          dqi[j] += static_cast<float>(ds * kt[j]);
          dk[t * s.qkv_stride + j] += static_cast<float>(ds * qi[j]);
          dv[t * s.qkv_stride + j] += static_cast<float>(p * doi[j]);
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

}  // namespace

const Kernels& scalar_kernels() {
  static constexpr Kernels table{"scalar",          1,         packed_size,        pack,        matmul,    rms_norm,
                                 rms_norm_backward, swiglu,    swiglu_backward,    rope,        store_key, attend,
                                 attention_scratch, attention, attention_backward, exponentials};
  return table;
}

}  // namespace tinyzero
