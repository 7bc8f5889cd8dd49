// The shape of a decoder-only transformer, as a Hugging Face config.json says it.
//
// One family: RMSNorm, rotary positions (rotate-half), grouped-query attention, SwiGLU; optional
// q/k/v bias (Qwen2), q/k norm (Qwen3), tied embeddings, linear or Llama 3 rope scaling. What the
// family does not cover (experts, sliding windows in use, quantised weights, other activations,
// code of its own) is refused by name, never computed wrongly.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/model/dtype.h"

namespace tinyzero {

enum class RopeScaling { none, linear, llama3 };

struct ModelConfig {
  std::string model_type = "qwen3";  // qwen2, qwen3, llama or mistral
  std::int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, mlp = 0, vocab = 0;
  std::int64_t context = 0;  // longest sequence, in tokens
  double norm_eps = 1e-6;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling = RopeScaling::none;
  double rope_factor = 1.0;                              // of linear and Llama 3 scaling
  double rope_low_factor = 1.0, rope_high_factor = 4.0;  // of Llama 3 scaling
  std::int64_t rope_original_context = 0;                // of Llama 3 scaling
  bool qkv_bias = false, qk_norm = false, tied = false;
  bool value_head =
      false;  // one value a token (token classification with one label) in place of logits
  std::vector<std::int64_t> eos;
  Json source;  // the file's own object: what was not understood is written back; null: a new model

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t parameters() const;  // number of weights

  // Reads config.json's object (of transformers 4 or 5); `where` names the file in errors.
  static ModelConfig from_json(const Json& json, const std::string& where);
  // Takes the end tokens that generation_config.json's object names: where it stands, it and not
  // config.json says what ends a text, as in `generate` of transformers and in vLLM.
  void take_generation(const Json& json, const std::string& where);
  // For a file whose weights have this type. A model that was read keeps its own words: only what
  // this program knows to be otherwise changes.
  Json to_json(Dtype dtype = Dtype::f32) const;
};

// Name of an architecture as Hugging Face calls it: "Qwen2ForCausalLM".
std::string architecture_of(const ModelConfig& config);

// Shapes of models made from scratch: tiny (1M), small (5M), medium (30M). vocab and eos are left
// to the tokenizer.
ModelConfig preset_config(const std::string& preset);

}  // namespace tinyzero
