// A small model, prompts and sampling options for tests of engines.
#pragma once

#include <string>
#include <vector>

#include "core/model/parameters.h"
#include "core/rollout/engine.h"

namespace tinyzero {

using Ids = std::vector<std::int32_t>;

struct DecoderShape {
  std::int64_t kv_heads = 2;
  std::int64_t width = 48;
};

// Two layers, a vocabulary of 61 and a context of 200. The weights are so large that distributions
// are far from uniform.
inline Model small_decoder(const DecoderShape& shape = {}) {
  ModelConfig c = preset_config("tiny");
  c.layers = 2;
  c.width = shape.width;
  c.heads = 4;
  c.kv_heads = shape.kv_heads;
  c.head_dim = 12;
  c.mlp = shape.width + 8;
  c.vocab = 61;
  c.context = 200;
  c.eos = {7};
  Model model(c);
  initialize(model, 3);
  for (std::int64_t i = 0; i < model.weights.size(); ++i) model.weights.data()[i] *= 6.0f;
  return model;
}

// Nine prompts of 1 to 66 tokens with one to four samples.
inline std::vector<Prompt> some_prompts() {
  std::vector<Prompt> prompts;
  for (std::int32_t i = 0; i < 9; ++i) {
    Ids ids;
    for (std::int32_t k = 0; k <= (i * 13) % 70; ++k) ids.push_back((k * 7 + i) % 61);
    prompts.push_back({.ids = ids, .samples = 1 + i % 4});
  }
  return prompts;
}

inline Sampling some_sampling() {
  return {.max_tokens = 40,
          .temperature = 0.9,
          .eos = {7},
          .seed = 11,
          .stream = RandomStream::rollout,
          .step = 5};
}

// The likeliest tokens, 40 of them.
inline Sampling greedy_sampling() { return {.max_tokens = 40, .temperature = 0.0}; }

inline bool same(const std::vector<Episode>& a, const std::vector<Episode>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].tokens != b[i].tokens || a[i].logp != b[i].logp || a[i].end != b[i].end ||
        a[i].prompt != b[i].prompt || a[i].sample != b[i].sample)
      return false;
  }
  return true;
}

}  // namespace tinyzero
