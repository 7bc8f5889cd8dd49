#include "core/rollout/cpu/forward.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace tinyzero {
namespace {

// Ranges of a product's columns per thread: more than one, because some threads are slower.
constexpr std::int64_t kRangesPerThread = 4;
constexpr std::int64_t kGrainFloats = 16384;  // less work is not worth sharing

std::int64_t grain(std::int64_t floats_of_a_row) {
  return std::max<std::int64_t>(1, kGrainFloats / floats_of_a_row);
}

// Floats that a row of the widest left side takes in words; 0 where the words are floats.
std::int64_t word_floats(const ModelConfig& c, const Kernels& kernels) {
  return kernels.numbers_per_word == 1
             ? 0
             : std::max({kernels.words(c.mlp), kernels.words(c.width), kernels.words(c.q_width())});
}

std::int64_t qkv_width(const ModelConfig& c) { return c.q_width() + 2 * c.kv_width(); }

}  // namespace

DecodeWorker::DecodeWorker(const DecodeModel& model, const DecodeCapacity& capacity, Team& team,
                           LapClock& clock)
    : config_(model.config),
      weights_(model.weights),
      rope_(model.rope),
      kernels_(model.kernels),
      team_(team),
      clock_(clock),
      prompts_(make_store(capacity.prompts, capacity.prompt_length)),
      slots_(make_store(capacity.slots, capacity.length)),
      hidden_(capacity.rows * config_.width),
      normed_(capacity.rows * config_.width),
      words_(capacity.rows * word_floats(config_, kernels_)),
      qkv_(capacity.rows * qkv_width(config_)),
      attended_(capacity.rows * config_.q_width()),
      gate_up_(capacity.rows * 2 * config_.mlp),
      inner_(capacity.rows * config_.mlp),
      logits_(capacity.rows * config_.vocab),
      scores_floats_(
          kernels_.attend_scratch(config_.heads / config_.kv_heads, config_.head_dim,
                                  capacity.prompt_length + capacity.length + 2 * kernels_.lanes)),
      scores_(team.size() * scores_floats_) {}

std::int64_t DecodeWorker::cache_floats(const ModelConfig& c, const Kernels& kernels,
                                        std::int64_t sequences, std::int64_t length) {
  return sequences * c.layers * c.kv_heads *
         (kernels.key_floats(length, c.head_dim) + kernels.value_floats(length, c.head_dim));
}

std::int64_t DecodeWorker::row_floats(const ModelConfig& c, const Kernels& kernels) {
  return 2 * c.width + word_floats(c, kernels) + c.q_width() + qkv_width(c) + 3 * c.mlp + c.vocab;
}

DecodeWorker::Store DecodeWorker::make_store(std::int64_t sequences, std::int64_t length) const {
  return {.key_floats = kernels_.key_floats(length, config_.head_dim),
          .value_floats = kernels_.value_floats(length, config_.head_dim),
          .data = FloatBuffer::uninitialized(cache_floats(config_, kernels_, sequences, length))};
}

KeyValues DecodeWorker::stored(Store& store, std::int64_t sequence, std::int64_t layer,
                               std::int64_t head, std::int64_t length) {
  const std::int64_t index = (sequence * config_.layers + layer) * config_.kv_heads + head;
  float* start = store.data.data() + index * (store.key_floats + store.value_floats);
  return {.keys = start, .values = start + store.key_floats, .length = length};
}

void DecodeWorker::product(const float* x, std::int64_t m, const PackedMatrix& w, Output output,
                           float* y) {
  LeftWords left{.data = x, .row_stride = w.k, .word_stride = 1};
  if (kernels_.numbers_per_word > 1) {
    const std::int64_t words = kernels_.words(w.k);
    team_.share(m, grain(w.k), [&](const Team::Part& range) {
      kernels_.to_words(x + range.first * w.k, w.k, range.last - range.first, w.k,
                        words_.data() + range.first * words);
    });
    left = {.data = words_.data(), .row_stride = words, .word_stride = 1};
  }
  const std::int64_t panels = (w.n + kernels_.panel - 1) / kernels_.panel;
  team_.share(panels, std::max<std::int64_t>(1, panels / (kRangesPerThread * team_.size())),
              [&](const Team::Part& range) {
                const std::int64_t first = range.first * kernels_.panel;
                const std::int64_t last = std::min(w.n, range.last * kernels_.panel);
                kernels_.matmul(left, m, w.k, w.packed + kernels_.packed_size(first, w.k),
                                last - first, w.bias == nullptr ? nullptr : w.bias + first,
                                output == Output::add, y + first, w.n);
              });
  clock_.lap(clock_.times.products);
}

void DecodeWorker::norm(const float* weight, std::int64_t rows) {
  const std::int64_t width = config_.width;
  team_.share(rows, grain(width), [&](const Team::Part& range) {
    kernels_.rms_norm(hidden_.data() + range.first * width, width, weight,
                      static_cast<float>(config_.norm_eps), range.last - range.first, width,
                      normed_.data() + range.first * width, width);
  });
  clock_.lap(clock_.times.norms_and_gates);
}

void DecodeWorker::forward(const std::vector<Row>& rows) {
  const std::int64_t width = config_.width;
  for (std::int64_t i = 0; i < std::ssize(rows); ++i)
    std::copy_n(weights_.embedding() + rows[i].token * width, width, hidden_.data() + i * width);
  for (std::int64_t layer = 0; layer < config_.layers; ++layer) {
    attention_block(rows, layer);
    mlp_block(std::ssize(rows), layer);
  }
  output_logits(rows);
}

void DecodeWorker::rotate_and_store(const Row& row, float* qkv, std::int64_t layer_index,
                                    std::int64_t head) {
  const DecodeLayer& layer = weights_.layer(layer_index);
  const std::int64_t dim = config_.head_dim, group = config_.heads / config_.kv_heads;
  float* q = qkv + head * group * dim;              // (group, dim)
  float* k = qkv + config_.q_width() + head * dim;  // (dim)
  float* v = k + config_.kv_width();                // (dim)
  if (layer.q_norm != nullptr) {
    const auto eps = static_cast<float>(config_.norm_eps);
    kernels_.rms_norm(q, dim, layer.q_norm, eps, group, dim, q, dim);
    kernels_.rms_norm(k, dim, layer.k_norm, eps, 1, dim, k, dim);
  }
  kernels_.rope(q, group, dim, rope_.cosines(row.position), rope_.sines(row.position));
  kernels_.rope(k, 1, dim, rope_.cosines(row.position), rope_.sines(row.position));
  const std::int64_t position = row.in_prompt() ? row.position : row.position - row.shared;
  const KeyValues kv = row.in_prompt() ? stored(prompts_, row.prompt, layer_index, head, 0)
                                       : stored(slots_, row.slot, layer_index, head, 0);
  kernels_.store_key(k, dim, position, kv.keys);
  kernels_.store_value(v, dim, position, kv.values);
}

void DecodeWorker::attend(const Row& row, const float* q, std::int64_t layer, std::int64_t head,
                          float* scratch, float* out) {
  const std::int64_t dim = config_.head_dim;
  KeyValues segments[2] = {
      stored(prompts_, row.prompt, layer, head, std::min(row.position + 1, row.shared)), {}};
  if (!row.in_prompt())
    segments[1] = stored(slots_, row.slot, layer, head, row.position + 1 - row.shared);
  kernels_.attend(q, config_.heads / config_.kv_heads, dim,
                  1.0f / std::sqrt(static_cast<float>(dim)), segments, row.in_prompt() ? 1 : 2,
                  scratch, out);
}

void DecodeWorker::attention_block(const std::vector<Row>& rows, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(layer_index);
  const std::int64_t m = std::ssize(rows), q_width = c.q_width(), width = qkv_width(c);
  norm(layer.input_norm, m);
  product(normed_.data(), m,
          {.packed = layer.qkv, .n = width, .k = c.width, .bias = layer.qkv_bias}, Output::write,
          qkv_.data());
  team_.share(c.kv_heads, 1, [&](const Team::Part& range) {
    for (std::int64_t head = range.first; head < range.last; ++head) {
      for (std::int64_t i = 0; i < m; ++i)
        rotate_and_store(rows[i], qkv_.data() + i * width, layer_index, head);
    }
  });
  clock_.lap(clock_.times.norms_and_gates);
  team_.share(m * c.kv_heads, 1, [&](const Team::Part& range) {
    float* scratch = scores_.data() + range.member * scores_floats_;
    for (std::int64_t i = range.first; i < range.last; ++i) {
      const std::int64_t row = i / c.kv_heads, head = i % c.kv_heads;
      const std::int64_t column = head * (c.heads / c.kv_heads) * c.head_dim;
      attend(rows[row], qkv_.data() + row * width + column, layer_index, head, scratch,
             attended_.data() + row * q_width + column);
    }
  });
  clock_.lap(clock_.times.attention);
  product(attended_.data(), m, {.packed = layer.output, .n = c.width, .k = q_width}, Output::add,
          hidden_.data());
}

void DecodeWorker::mlp_block(std::int64_t m, std::int64_t layer_index) {
  const ModelConfig& c = config_;
  const DecodeLayer& layer = weights_.layer(layer_index);
  norm(layer.post_norm, m);
  product(normed_.data(), m, {.packed = layer.gate_up, .n = 2 * c.mlp, .k = c.width}, Output::write,
          gate_up_.data());
  team_.share(m, grain(c.mlp), [&](const Team::Part& range) {
    kernels_.swiglu(gate_up_.data() + range.first * 2 * c.mlp, range.last - range.first, c.mlp,
                    inner_.data() + range.first * c.mlp);
  });
  clock_.lap(clock_.times.norms_and_gates);
  product(inner_.data(), m, {.packed = layer.down, .n = c.width, .k = c.mlp}, Output::add,
          hidden_.data());
}

void DecodeWorker::output_logits(const std::vector<Row>& rows) {
  const std::int64_t width = config_.width;
  std::int64_t wanted = 0;
  for (std::int64_t i = 0; i < std::ssize(rows); ++i) {
    if (!rows[i].wants_logits) continue;
    kernels_.rms_norm(hidden_.data() + i * width, width, weights_.final_norm(),
                      static_cast<float>(config_.norm_eps), 1, width,
                      normed_.data() + wanted * width, width);
    ++wanted;
  }
  clock_.lap(clock_.times.norms_and_gates);
  product(normed_.data(), wanted, {.packed = weights_.head(), .n = config_.vocab, .k = width},
          Output::write, logits_.data());
}

}  // namespace tinyzero
