#include "core/rollout/cpu/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tinyzero {
namespace {

constexpr std::int64_t kPartsOfProduct =
    4;  // that a thread takes of the columns: some are slower than others
constexpr std::int64_t kGrainFloats = 16384;  // fewer are not worth the sharing

std::int64_t grain(std::int64_t floats_of_a_row) {
  return std::max<std::int64_t>(1, kGrainFloats / floats_of_a_row);
}

// Of a row of the widest left side of a product, where the kernels take words that are not floats.
std::int64_t word_floats(const ModelConfig& c, const Kernels& kernels) {
  return kernels.numbers_per_word == 1
             ? 0
             : std::max(kernels.words(c.mlp),
                        std::max(kernels.words(c.width), kernels.words(c.q_width())));
}

}  // namespace

DecodeWorker::DecodeWorker(const ModelConfig& c, const DecodeWeights& weights,
                           const RopeTable& rope, const Kernels& kernels, const DecodeRoom& room,
                           Team& team, PhaseClock& clock)
    : config_(c),
      weights_(weights),
      rope_(rope),
      kernels_(kernels),
      team_(team),
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
      scores_floats_(kernels.attend_scratch(c.heads / c.kv_heads, c.head_dim,
                                            room.prompt_length + room.length + 2 * kernels.lanes)),
      scores_(team.size() * scores_floats_) {}

std::int64_t DecodeWorker::cache_floats(const ModelConfig& c, const Kernels& kernels,
                                        std::int64_t sequences, std::int64_t length) {
  return sequences * c.layers * c.kv_heads *
         (kernels.key_floats(length, c.head_dim) + kernels.value_floats(length, c.head_dim));
}

std::int64_t DecodeWorker::row_floats(const ModelConfig& c, const Kernels& kernels) {
  return 2 * c.width + word_floats(c, kernels) + 2 * c.q_width() + 2 * c.kv_width() + 3 * c.mlp +
         c.vocab;
}

DecodeWorker::Store DecodeWorker::make_store(std::int64_t sequences, std::int64_t length) const {
  Store store{kernels_.key_floats(length, config_.head_dim),
              kernels_.value_floats(length, config_.head_dim),
              {}};
  store.data = FloatBuffer::uninitialized(cache_floats(config_, kernels_, sequences, length));
  return store;
}

KeyValues DecodeWorker::stored(Store& store, std::int64_t sequence, std::int64_t layer,
                               std::int64_t head, std::int64_t length) {
  const std::int64_t index = (sequence * config_.layers + layer) * config_.kv_heads + head;
  float* start = store.data.data() + index * (store.key_floats + store.value_floats);
  return {start, start + store.key_floats, length};
}

void DecodeWorker::product(const float* x, std::int64_t m, std::int64_t k, const float* packed,
                           std::int64_t n, const float* bias, bool add, float* y) {
  LeftWords left{x, k, 1};
  if (kernels_.numbers_per_word > 1) {
    const std::int64_t words = kernels_.words(k);
    team_.share(m, grain(k), [&](const Team::Part& part) {
      kernels_.to_words(x + part.first * k, k, part.last - part.first, k,
                        words_.data() + part.first * words);
    });
    left = {words_.data(), words, 1};
  }
  const std::int64_t panels = (n + kernels_.panel - 1) / kernels_.panel;
  team_.share(panels, std::max<std::int64_t>(1, panels / (kPartsOfProduct * team_.size())),
              [&](const Team::Part& part) {
                const std::int64_t first = part.first * kernels_.panel,
                                   last = std::min(n, part.last * kernels_.panel);
                kernels_.matmul(left, m, k, packed + kernels_.packed_size(first, k), last - first,
                                bias == nullptr ? nullptr : bias + first, add, y + first, n);
              });
  clock_.lap(clock_.products);
}

void DecodeWorker::norm(const float* weight, std::int64_t rows) {
  const std::int64_t width = config_.width;
  team_.share(rows, grain(width), [&](const Team::Part& part) {
    kernels_.rms_norm(hidden_.data() + part.first * width, width, weight,
                      static_cast<float>(config_.norm_eps), part.last - part.first, width,
                      normed_.data() + part.first * width, width);
  });
  clock_.lap(clock_.rest);
}

void DecodeWorker::forward(const std::vector<Row>& rows) {
  const std::int64_t width = config_.width;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::memcpy(hidden_.data() + static_cast<std::int64_t>(i) * width,
                weights_.embedding() + rows[i].token * width,
                static_cast<std::size_t>(width) * sizeof(float));
  }
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    attention_block(rows, layer);
    mlp_block(std::ssize(rows), layer);
  }
  output_logits(rows);
}

void DecodeWorker::turn_and_store(const std::vector<Row>& rows, std::int64_t layer_index,
                                  std::int64_t head) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(layer_index);
  const std::int64_t q_width = c.q_width(), kv_width = c.kv_width(), dim = c.head_dim,
                     group = c.heads / c.kv_heads;
  const auto eps = static_cast<float>(c.norm_eps);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    float* const first = qkv_.data() + static_cast<std::int64_t>(i) * (q_width + 2 * kv_width);
    float *q = first + head * group * dim, *k = first + q_width + head * dim, *v = k + kv_width;
    if (layer.q_norm != nullptr) {
      kernels_.rms_norm(q, dim, layer.q_norm, eps, group, dim, q, dim);
      kernels_.rms_norm(k, dim, layer.k_norm, eps, 1, dim, k, dim);
    }
    kernels_.rope(q, group, dim, rope_.cosines(row.position), rope_.sines(row.position));
    kernels_.rope(k, 1, dim, rope_.cosines(row.position), rope_.sines(row.position));
    const std::int64_t place = row.in_prompt() ? row.position : row.position - row.shared;
    const KeyValues kv = row.in_prompt() ? stored(prompts_, row.prompt, layer_index, head, 0)
                                         : stored(slots_, row.slot, layer_index, head, 0);
    kernels_.store_key(k, dim, place, kv.keys);
    kernels_.store_value(v, dim, place, kv.values);
  }
}

void DecodeWorker::attention_block(const std::vector<Row>& rows, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(layer_index);
  const auto m = std::ssize(rows);
  const std::int64_t q_width = c.q_width(), qkv_width = q_width + 2 * c.kv_width(),
                     dim = c.head_dim, group = c.heads / c.kv_heads;
  norm(layer.input_norm, m);
  product(normed_.data(), m, c.width, layer.qkv, qkv_width, layer.qkv_bias, false, qkv_.data());
  team_.share(c.kv_heads, 1, [&](const Team::Part& part) {
    for (std::int64_t head = part.first; head < part.last; ++head)
      turn_and_store(rows, layer_index, head);
  });
  clock_.lap(clock_.rest);
  const float scale = 1.0f / std::sqrt(static_cast<float>(dim));
  team_.share(m * c.kv_heads, 1, [&](const Team::Part& part) {
    for (std::int64_t i = part.first; i < part.last; ++i) {
      const Row& row = rows[i / c.kv_heads];
      const std::int64_t head = i % c.kv_heads, at = head * group * dim;
      KeyValues parts[2] = {
          stored(prompts_, row.prompt, layer_index, head, std::min(row.position + 1, row.shared)),
          {}};
      if (!row.in_prompt())
        parts[1] = stored(slots_, row.slot, layer_index, head, row.position + 1 - row.shared);
      kernels_.attend(qkv_.data() + i / c.kv_heads * qkv_width + at, group, dim, scale, parts,
                      row.in_prompt() ? 1 : 2, scores_.data() + part.member * scores_floats_,
                      attended_.data() + i / c.kv_heads * q_width + at);
    }
  });
  clock_.lap(clock_.attention);
  product(attended_.data(), m, q_width, layer.output, c.width, nullptr, true, hidden_.data());
}

void DecodeWorker::mlp_block(std::int64_t m, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(layer_index);
  norm(layer.post_norm, m);
  product(normed_.data(), m, c.width, layer.gate_up, 2 * c.mlp, nullptr, false, gate_up_.data());
  team_.share(m, grain(c.mlp), [&](const Team::Part& part) {
    kernels_.swiglu(gate_up_.data() + part.first * 2 * c.mlp, part.last - part.first, c.mlp,
                    inner_.data() + part.first * c.mlp);
  });
  clock_.lap(clock_.rest);
  product(inner_.data(), m, c.mlp, layer.down, c.width, nullptr, true, hidden_.data());
}

void DecodeWorker::output_logits(const std::vector<Row>& rows) {
  const std::int64_t width = config_.width;
  std::int64_t wanted = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].wants_logits) continue;
    kernels_.rms_norm(hidden_.data() + static_cast<std::int64_t>(i) * width, width,
                      weights_.final_norm(), static_cast<float>(config_.norm_eps), 1, width,
                      normed_.data() + wanted * width, width);
    ++wanted;
  }
  clock_.lap(clock_.rest);
  product(normed_.data(), wanted, width, weights_.head(), config_.vocab, nullptr, false,
          logits_.data());
}

}  // namespace tinyzero
