// Models of few random weights.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

#include "core/model/parameters.h"

namespace tinyzero {

struct SmallModel {
  std::int64_t layers = 2;
  std::int64_t width = 16;
  std::int64_t heads = 4;
  std::int64_t kv_heads = 1;
  std::int64_t head_dim = 4;
  std::int64_t mlp = 24;
  std::int64_t vocab = 40;
  std::int64_t context = 512;
  std::vector<std::int64_t> eos = {};
  bool qkv_bias = false;
  bool qk_norm = true;
  bool tied = true;
  bool value_head = false;
  std::uint64_t seed = 1;
  float scale = 1.0f;  // multiplies all weights; above 1 the outputs are far from uniform
};

inline ModelConfig small_config(const SmallModel& shape) {
  ModelConfig c = preset_config("tiny");
  c.layers = shape.layers;
  c.width = shape.width;
  c.heads = shape.heads;
  c.kv_heads = shape.kv_heads;
  c.head_dim = shape.head_dim;
  c.mlp = shape.mlp;
  c.vocab = shape.vocab;
  c.context = shape.context;
  c.eos = shape.eos;
  c.qkv_bias = shape.qkv_bias;
  c.qk_norm = shape.qk_norm;
  c.tied = shape.tied;
  c.value_head = shape.value_head;
  return c;
}

inline Model random_model(const SmallModel& shape) {
  Model model(small_config(shape));
  initialize(model, shape.seed);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= shape.scale;
  return model;
}

inline bool same_weights(const Model& a, const Model& b) {
  return a.weights.size() == b.weights.size() &&
         std::memcmp(a.weights.data(), b.weights.data(), a.weights.size() * sizeof(float)) == 0;
}

}  // namespace tinyzero
