// The shape of a decoder-only transformer, as a Hugging Face config.json says it.
//
// One family: RMSNorm, rotary positions (rotate-half), grouped-query attention, SwiGLU; optional q/k/v bias (Qwen2), q/k norm (Qwen3),
// tied embeddings, Llama 3 rope scaling. What the family does not cover (experts, sliding windows in use, quantised weights, other
// activations) is refused by name, never computed wrongly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

struct ModelConfig {
  std::string model_type = "qwen3";  // qwen2, qwen3, llama or mistral
  std::int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, mlp = 0, vocab = 0;
  std::int64_t context = 0;  // longest sequence, in tokens
  double norm_eps = 1e-6;
  double rope_theta = 10000.0;
  double rope_factor = 1.0;  // Llama 3 scaling; 1: none
  double rope_low_factor = 1.0, rope_high_factor = 4.0;
  std::int64_t rope_original_context = 0;
  bool qkv_bias = false, qk_norm = false, tied = false;
  bool value_head = false;  // one value a token (token classification with one label) in place of logits
  std::vector<std::int64_t> eos;
  Json source;  // the file's own object: what was not understood is written back

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t parameters() const;  // number of weights

  // Reads config.json's object (of transformers 4 or 5); `where` names the file in errors.
  static ModelConfig from_json(const Json& json, const std::string& where);
  Json to_json() const;
};

// Shapes of models made from scratch: tiny (1M), small (5M), medium (30M). vocab and eos are left to the tokenizer.
ModelConfig preset_config(const std::string& preset);

}  // namespace tinyzero
