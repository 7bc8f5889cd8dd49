// Kernels that treat each row of a pass by itself: embedding, RMSNorm, rotation and storing of keys
// and values, the gate.
#pragma once

#include <cmath>

#include "core/rollout/cuda/block.h"
#include "core/rollout/cuda/rows.h"

namespace tinyzero {

// hidden (rows, width) = embedding of each row's token.
template <class T>
struct Embed {
  static constexpr int kThreads = 256;
  const DeviceRow* rows;
  const T* embedding;  // (vocab, width)
  float* hidden;
  std::int64_t count, width;

  Grid grid() const { return {count, 1, 1}; }
  std::int64_t shared_bytes() const { return 0; }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const std::int64_t r = block.x;
    const T* from = embedding + rows[r].token * width;
    block.each([&](int thread) {
      for (std::int64_t i = thread; i < width; i += kThreads)
        hidden[r * width + i] = widen(from[i]);
    });
  }
};

// y = x / sqrt(mean(x²) + eps) · weight for each row.
template <class T>
struct RmsNorm {
  static constexpr int kThreads = 256;
  const float *x, *weight;
  T* y;
  std::int64_t count, width;
  float eps;

  Grid grid() const { return {count, 1, 1}; }
  std::int64_t shared_bytes() const {
    return kThreads / kWarp * static_cast<std::int64_t>(sizeof(float));
  }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    float* warps = reinterpret_cast<float*>(block.shared);
    const float* from = x + block.x * width;
    T* to = y + block.x * width;
    typename Block::template Local<float> sum;
    block.each([&](int thread) {
      sum[thread] = 0;
      for (std::int64_t i = thread; i < width; i += kThreads) sum[thread] += from[i] * from[i];
    });
    block.warp_sum(sum);
    block.each([&](int thread) {
      if (thread % kWarp == 0) warps[thread / kWarp] = sum[thread];
    });
    block.each([&](int thread) {
      float all = 0;
      for (int w = 0; w < kThreads / kWarp; ++w) all += warps[w];
      const float scale = 1.0f / sqrtf(all / static_cast<float>(width) + eps);
      for (std::int64_t i = thread; i < width; i += kThreads)
        narrow(from[i] * scale * weight[i], to[i]);
    });
  }
};

// For each row's q, k and v: normalises q and k head by head (if the model does) and rotates them
// by the row's position, in place for q; stores k and v. A warp takes a head.
template <class T>
struct RotateAndStore {
  static constexpr int kThreads = 256;
  const DeviceRow* rows;
  float* qkv;                    // (rows, (heads + 2 kv_heads) · head_dim)
  const float *q_norm, *k_norm;  // (head_dim), or null
  const float *cosines, *sines;  // (positions, head_dim / 2)
  KvLayer<T> prompts, slots;
  std::int64_t count, heads;
  float eps;

  Grid grid() const { return {count, 1, 1}; }
  std::int64_t shared_bytes() const { return 0; }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const DeviceRow& row = rows[block.x];
    if (row.alive == 0) return;
    const std::int64_t dim = prompts.head_dim, half = dim / 2, kv_heads = prompts.kv_heads,
                       all = heads + 2 * kv_heads;
    float* first = qkv + block.x * all * dim;
    const float *cosine = cosines + row.position * half, *sine = sines + row.position * half;
    const bool own = row.slot >= 0;
    const KvLayer<T>& store = own ? slots : prompts;
    typename Block::template Local<float> square;
    for (std::int64_t base = 0; base < all; base += kThreads / kWarp) {
      block.each([&](int thread) {
        const std::int64_t h = base + thread / kWarp;
        square[thread] = 0;
        if (q_norm == nullptr || h >= heads + kv_heads) return;
        for (std::int64_t i = thread % kWarp; i < dim; i += kWarp)
          square[thread] += first[h * dim + i] * first[h * dim + i];
      });
      block.warp_sum(square);
      block.each([&](int thread) {
        const std::int64_t h = base + thread / kWarp;
        if (h >= all) return;
        float* x = first + h * dim;
        const bool rotated = h < heads + kv_heads;
        const std::int64_t kv = h < heads ? 0 : (h - heads) % kv_heads;
        const std::int64_t to = store.at(own ? row.slot : row.prompt, kv,
                                         own ? row.position - row.shared : row.position);
        const float* norm = h < heads ? q_norm : k_norm;
        const float scale = 1.0f / sqrtf(square[thread] / static_cast<float>(dim) + eps);
        for (std::int64_t i = thread % kWarp; i < half; i += kWarp) {
          float a = x[i], b = x[i + half];
          if (rotated) {
            if (norm != nullptr) {
              a *= scale * norm[i];
              b *= scale * norm[i + half];
            }
            const float first_half = a * cosine[i] - b * sine[i];
            b = b * cosine[i] + a * sine[i];
            a = first_half;
          }
          if (h < heads) {
            x[i] = a;
            x[i + half] = b;
          } else {
            T* values = rotated ? store.keys : store.values;
            narrow(a, values[to + i]);
            narrow(b, values[to + i + half]);
          }
        }
      });
    }
  }
};

// y (rows, n) = silu(gate) · up, where a row of gate_up is n gates, then n ups.
template <class T>
struct SwiGlu {
  static constexpr int kThreads = 256;
  const float* gate_up;
  T* y;
  std::int64_t count, n;

  Grid grid() const { return {count, blocks_of(n, kThreads), 1}; }
  std::int64_t shared_bytes() const { return 0; }

  template <class Block>
  TINYZERO_DEVICE void operator()(Block& block) const {
    const float* gates = gate_up + block.x * 2 * n;
    block.each([&](int thread) {
      const std::int64_t i = static_cast<std::int64_t>(block.y) * kThreads + thread;
      if (i >= n) return;
      narrow(gates[i] / (1.0f + expf(-gates[i])) * gates[n + i], y[block.x * n + i]);
    });
  }
};

}  // namespace tinyzero
