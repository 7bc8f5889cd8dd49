#include "core/rollout/cpu/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tinyzero {

DecodeWorker::DecodeWorker(const ModelConfig& c, const DecodeWeights& weights, const RopeTable& rope, const Kernels& kernels,
                           std::int64_t slots, std::int64_t length, std::int64_t max_rows)
    : config_(c),
      weights_(weights),
      rope_(rope),
      kernels_(kernels),
      length_(length),
      padded_length_((length + kernels.lanes - 1) / kernels.lanes * kernels.lanes),
      max_rows_(max_rows),
      cache_(slots * c.layers * c.kv_heads * (padded_length_ + length) * c.head_dim),
      hidden_(max_rows * c.width),
      normed_(max_rows * c.width),
      qkv_(max_rows * (c.q_width() + 2 * c.kv_width())),
      attended_(max_rows * c.q_width()),
      gate_up_(max_rows * 2 * c.mlp),
      inner_(max_rows * c.mlp),
      logits_(max_rows * c.vocab),
      scores_(c.heads / c.kv_heads * padded_length_) {}

KeyValues DecodeWorker::cache(std::int64_t slot, std::int64_t layer, std::int64_t head) {
  float* start = cache_.data() + ((slot * config_.layers + layer) * config_.kv_heads + head) * (key_floats() + value_floats());
  return {start, start + key_floats()};
}

void DecodeWorker::copy_slot(std::int64_t from, std::int64_t to, std::int64_t length) {
  const std::int64_t blocks = (length + kernels_.lanes - 1) / kernels_.lanes * kernels_.lanes;
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    for (std::int64_t head = 0; head < config_.kv_heads; ++head) {
      const KeyValues source = cache(from, layer, head), target = cache(to, layer, head);
      std::memcpy(target.keys, source.keys, static_cast<std::size_t>(blocks * config_.head_dim) * sizeof(float));
      std::memcpy(target.values, source.values, static_cast<std::size_t>(length * config_.head_dim) * sizeof(float));
    }
  }
}

void DecodeWorker::forward(const std::vector<Row>& rows) {
  const std::int64_t width = config_.width;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(hidden_.data() + static_cast<std::int64_t>(i) * width, weights_.embedding() + rows[i].token * width,
                static_cast<std::size_t>(width) * sizeof(float));
  }
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    attention_block(rows, layer);
    mlp_block(static_cast<std::int64_t>(rows.size()), layer);
  }
  output_logits(rows);
}

void DecodeWorker::attention_block(const std::vector<Row>& rows, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(static_cast<std::size_t>(layer_index));
  const auto m = static_cast<std::int64_t>(rows.size());
  const std::int64_t q_width = c.q_width(), kv_width = c.kv_width(), qkv_width = q_width + 2 * kv_width, dim = c.head_dim,
                     group = c.heads / c.kv_heads;
  const auto eps = static_cast<float>(c.norm_eps);
  kernels_.rms_norm(hidden_.data(), c.width, layer.input_norm, eps, m, c.width, normed_.data(), c.width);
  kernels_.matmul(normed_.data(), c.width, m, c.width, layer.qkv, qkv_width, layer.qkv_bias, false, qkv_.data(), qkv_width);
  for (std::int64_t i = 0; i < m; ++i) {
    float *q = qkv_.data() + i * qkv_width, *k = q + q_width, *v = k + kv_width;
    const Row& row = rows[static_cast<std::size_t>(i)];
    if (layer.q_norm != nullptr) {
      kernels_.rms_norm(q, dim, layer.q_norm, eps, c.heads, dim, q, dim);
      kernels_.rms_norm(k, dim, layer.k_norm, eps, c.kv_heads, dim, k, dim);
    }
    kernels_.rope(q, c.heads + c.kv_heads, dim, rope_.cosines(row.position), rope_.sines(row.position));
    for (std::int64_t h = 0; h < c.kv_heads; ++h) {
      const KeyValues kv = cache(row.slot, layer_index, h);
      kernels_.store_key(k + h * dim, dim, row.position, kv.keys);
      std::memcpy(kv.values + row.position * dim, v + h * dim, static_cast<std::size_t>(dim) * sizeof(float));
    }
  }
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  for (std::int64_t i = 0; i < m; ++i) {
    const Row& row = rows[static_cast<std::size_t>(i)];
    for (std::int64_t h = 0; h < c.kv_heads; ++h) {
      kernels_.attend(qkv_.data() + i * qkv_width + h * group * dim, group, dim, scale, cache(row.slot, layer_index, h), row.position + 1,
                      scores_.data(), attended_.data() + i * q_width + h * group * dim);
    }
  }
  kernels_.matmul(attended_.data(), q_width, m, q_width, layer.output, c.width, nullptr, true, hidden_.data(), c.width);
}

void DecodeWorker::mlp_block(std::int64_t m, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(static_cast<std::size_t>(layer_index));
  kernels_.rms_norm(hidden_.data(), c.width, layer.post_norm, static_cast<float>(c.norm_eps), m, c.width, normed_.data(), c.width);
  kernels_.matmul(normed_.data(), c.width, m, c.width, layer.gate_up, 2 * c.mlp, nullptr, false, gate_up_.data(), 2 * c.mlp);
  kernels_.swiglu(gate_up_.data(), m, c.mlp, inner_.data());
  kernels_.matmul(inner_.data(), c.mlp, m, c.mlp, layer.down, c.width, nullptr, true, hidden_.data(), c.width);
}

void DecodeWorker::output_logits(const std::vector<Row>& rows) {
  const std::int64_t width = config_.width;
  std::int64_t wanted = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].wants_logits) continue;
    kernels_.rms_norm(hidden_.data() + static_cast<std::int64_t>(i) * width, width, weights_.final_norm(),
                      static_cast<float>(config_.norm_eps), 1, width, normed_.data() + wanted * width, width);
    ++wanted;
  }
  kernels_.matmul(normed_.data(), width, wanted, width, weights_.head(), config_.vocab, nullptr, false, logits_.data(), config_.vocab);
}

}  // namespace tinyzero
