#include "core/rollout/cpu/weights.h"

#include <algorithm>

namespace tinyzero {
namespace {

constexpr std::int64_t kPackedAtOnce = 1 << 16;  // numbers in a range of work that a thread takes

}  // namespace

std::int64_t DecodeWeights::floats(const ModelConfig& c, const Kernels& kernels) {
  return c.layers *
             (kernels.packed_size(c.q_width() + 2 * c.kv_width(), c.width) +
              kernels.packed_size(c.width, c.q_width()) + kernels.packed_size(2 * c.mlp, c.width) +
              kernels.packed_size(c.width, c.mlp)) +
         kernels.packed_size(c.vocab, c.width);
}

DecodeWeights::DecodeWeights(const ModelConfig& c, const ParameterLayout& layout,
                             const Kernels& kernels)
    : config_(c), layout_(layout), kernels_(kernels), layers_(c.layers) {
  packed_ = FloatBuffer(floats(c, kernels));
  float* next = packed_.data();
  const auto take = [&](Index rows, Index columns) {
    float* start = next;
    next += kernels.packed_size(rows, columns);
    return start;
  };
  for (DecodeLayer& layer : layers_) {
    layer.qkv = take(c.q_width() + 2 * c.kv_width(), c.width);
    layer.output = take(c.width, c.q_width());
    layer.gate_up = take(2 * c.mlp, c.width);
    layer.down = take(c.width, c.mlp);
  }
  head_ = take(c.vocab, c.width);
}

void DecodeWeights::pack(const float* w, Team& team) {
  const ModelConfig& c = config_;
  const auto pack_matrix = [&](std::int64_t offset, std::int64_t rows, std::int64_t columns,
                               float* packed) {
    team.share((rows + kernels_.panel - 1) / kernels_.panel,
               std::max<std::int64_t>(1, kPackedAtOnce / (kernels_.panel * columns)),
               [&](const Team::Part& range) {
                 const std::int64_t first = range.first * kernels_.panel,
                                    last = std::min(rows, range.last * kernels_.panel);
                 kernels_.pack(w + offset + first * columns, columns, 1, last - first, columns,
                               packed + kernels_.packed_size(first, columns));
               });
  };
  const auto vector = [&](std::int64_t offset) { return offset < 0 ? nullptr : w + offset; };
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LayerOffsets& at = layout_.layer(i);
    DecodeLayer& layer = layers_[i];
    layer.input_norm = vector(at.input_norm);
    layer.qkv_bias = vector(at.qkv_bias);
    layer.q_norm = vector(at.q_norm);
    layer.k_norm = vector(at.k_norm);
    layer.post_norm = vector(at.post_norm);
    pack_matrix(at.qkv, c.q_width() + 2 * c.kv_width(), c.width, layer.qkv);
    pack_matrix(at.output, c.width, c.q_width(), layer.output);
    pack_matrix(at.gate_up, 2 * c.mlp, c.width, layer.gate_up);
    pack_matrix(at.down, c.width, c.mlp, layer.down);
  }
  embedding_ = w + layout_.embedding();
  final_norm_ = w + layout_.final_norm();
  pack_matrix(layout_.head(), c.vocab, c.width, head_);
}

}  // namespace tinyzero
