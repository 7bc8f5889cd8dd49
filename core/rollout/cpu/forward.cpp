#include "core/rollout/cpu/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tinyzero {
namespace {

// Of a row of the widest left side of a product, where the kernels take words that are not floats.
std::int64_t word_floats(const ModelConfig& c, const Kernels& kernels) {
  return kernels.pair == 1 ? 0 : std::max(kernels.words(c.mlp), std::max(kernels.words(c.width), kernels.words(c.q_width())));
}

}  // namespace

DecodeWorker::DecodeWorker(const ModelConfig& c, const DecodeWeights& weights, const RopeTable& rope, const Kernels& kernels,
                           const DecodeRoom& room, PhaseClock& clock)
    : config_(c),
      weights_(weights),
      rope_(rope),
      kernels_(kernels),
      clock_(clock),
      prompts_(make_store(room.prompts, room.prompt_length)),
      slots_(make_store(room.slots, room.length)),
      hidden_(room.rows * c.width),
      normed_(room.rows * c.width),
      words_(room.rows * word_floats(c, kernels)),
      qkv_(room.rows * (c.q_width() + 2 * c.kv_width())),
      attended_(room.rows * c.q_width()),
      gate_up_(room.rows * 2 * c.mlp),
      inner_(room.rows * c.mlp),
      logits_(room.rows * c.vocab),
      scores_(kernels.attend_scratch(c.heads / c.kv_heads, c.head_dim, room.prompt_length + room.length + 2 * kernels.lanes)) {}

std::int64_t DecodeWorker::cache_floats(const ModelConfig& c, const Kernels& kernels, std::int64_t sequences, std::int64_t length) {
  return sequences * c.layers * c.kv_heads * (kernels.key_floats(length, c.head_dim) + kernels.value_floats(length, c.head_dim));
}

std::int64_t DecodeWorker::row_floats(const ModelConfig& c, const Kernels& kernels) {
  return 2 * c.width + word_floats(c, kernels) + 2 * c.q_width() + 2 * c.kv_width() + 3 * c.mlp + c.vocab;
}

DecodeWorker::Store DecodeWorker::make_store(std::int64_t sequences, std::int64_t length) const {
  Store store{kernels_.key_floats(length, config_.head_dim), kernels_.value_floats(length, config_.head_dim), {}};
  store.data = FloatBuffer::uninitialized(cache_floats(config_, kernels_, sequences, length));
  return store;
}

KeyValues DecodeWorker::stored(Store& store, std::int64_t sequence, std::int64_t layer, std::int64_t head, std::int64_t length) {
  const std::int64_t index = (sequence * config_.layers + layer) * config_.kv_heads + head;
  float* start = store.data.data() + index * (store.key_floats + store.value_floats);
  return {start, start + store.key_floats, length};
}

LeftWords DecodeWorker::left(const float* x, std::int64_t m, std::int64_t k) {
  if (kernels_.pair == 1) return {x, k, 1};
  kernels_.narrow_rows(x, k, m, k, words_.data());
  return {words_.data(), kernels_.words(k), 1};
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
  clock_.lap(clock_.rest);
  kernels_.matmul(left(normed_.data(), m, c.width), m, c.width, layer.qkv, qkv_width, layer.qkv_bias, false, qkv_.data(), qkv_width);
  clock_.lap(clock_.products);
  for (std::int64_t i = 0; i < m; ++i) {
    float *q = qkv_.data() + i * qkv_width, *k = q + q_width, *v = k + kv_width;
    const Row& row = rows[static_cast<std::size_t>(i)];
    if (layer.q_norm != nullptr) {
      kernels_.rms_norm(q, dim, layer.q_norm, eps, c.heads, dim, q, dim);
      kernels_.rms_norm(k, dim, layer.k_norm, eps, c.kv_heads, dim, k, dim);
    }
    kernels_.rope(q, c.heads + c.kv_heads, dim, rope_.cosines(row.position), rope_.sines(row.position));
    for (std::int64_t h = 0; h < c.kv_heads; ++h) {
      const std::int64_t place = row.in_prompt() ? row.position : row.position - row.shared;
      const KeyValues kv = row.in_prompt() ? stored(prompts_, row.prompt, layer_index, h, 0) : stored(slots_, row.slot, layer_index, h, 0);
      kernels_.store_key(k + h * dim, dim, place, kv.keys);
      kernels_.store_value(v + h * dim, dim, place, kv.values);
    }
  }
  clock_.lap(clock_.rest);
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  for (std::int64_t i = 0; i < m; ++i) {
    const Row& row = rows[static_cast<std::size_t>(i)];
    for (std::int64_t h = 0; h < c.kv_heads; ++h) {
      KeyValues parts[2] = {stored(prompts_, row.prompt, layer_index, h, std::min(row.position + 1, row.shared)), {}};
      if (!row.in_prompt()) parts[1] = stored(slots_, row.slot, layer_index, h, row.position + 1 - row.shared);
      kernels_.attend(qkv_.data() + i * qkv_width + h * group * dim, group, dim, scale, parts, row.in_prompt() ? 1 : 2, scores_.data(),
                      attended_.data() + i * q_width + h * group * dim);
    }
  }
  clock_.lap(clock_.attention);
  kernels_.matmul(left(attended_.data(), m, q_width), m, q_width, layer.output, c.width, nullptr, true, hidden_.data(), c.width);
  clock_.lap(clock_.products);
}

void DecodeWorker::mlp_block(std::int64_t m, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(static_cast<std::size_t>(layer_index));
  kernels_.rms_norm(hidden_.data(), c.width, layer.post_norm, static_cast<float>(c.norm_eps), m, c.width, normed_.data(), c.width);
  clock_.lap(clock_.rest);
  kernels_.matmul(left(normed_.data(), m, c.width), m, c.width, layer.gate_up, 2 * c.mlp, nullptr, false, gate_up_.data(), 2 * c.mlp);
  clock_.lap(clock_.products);
  kernels_.swiglu(gate_up_.data(), m, c.mlp, inner_.data());
  clock_.lap(clock_.rest);
  kernels_.matmul(left(inner_.data(), m, c.mlp), m, c.mlp, layer.down, c.width, nullptr, true, hidden_.data(), c.width);
  clock_.lap(clock_.products);
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
  clock_.lap(clock_.rest);
  kernels_.matmul(left(normed_.data(), wanted, width), wanted, width, weights_.head(), config_.vocab, nullptr, false, logits_.data(),
                  config_.vocab);
  clock_.lap(clock_.products);
}

}  // namespace tinyzero
