// The shape of a decoder-only transformer, as a Hugging Face config.json describes it.
//
// One family: RMSNorm, rotary positions (rotate-half), grouped-query attention, SwiGLU; optional
// q/k/v bias (Qwen2), q/k norm (Qwen3), tied embeddings, linear or Llama 3 rope scaling. What the
// family does not cover (experts, sliding windows in use, quantised weights, other activations,
// custom code) is refused by name, never computed wrongly.
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
  std::int64_t layers = 0;
  std::int64_t width = 0;     // of the hidden states
  std::int64_t heads = 0;     // query heads
  std::int64_t kv_heads = 0;  // key/value heads
  std::int64_t head_dim = 0;
  std::int64_t mlp = 0;      // inner width of the MLP
  std::int64_t vocab = 0;    // tokens
  std::int64_t context = 0;  // longest sequence, in tokens
  double norm_eps = 1e-6;
  double rope_theta = 10000.0;
  RopeScaling rope_scaling = RopeScaling::none;
  double rope_factor = 1.0;                // linear and Llama 3 scaling
  double rope_low_factor = 1.0;            // Llama 3 scaling
  double rope_high_factor = 4.0;           // Llama 3 scaling
  std::int64_t rope_original_context = 0;  // Llama 3 scaling
  bool qkv_bias = false;
  bool qk_norm = false;
  bool tied = false;  // the head is the embedding
  // One value per token (token classification with a single label) instead of logits.
  bool value_head = false;
  std::vector<std::int64_t> eos = {};
  // The object that was read, so that fields unknown here are written back; null for a new model.
  Json source = {};

  std::int64_t q_width() const { return heads * head_dim; }
  std::int64_t kv_width() const { return kv_heads * head_dim; }
  std::int64_t parameters() const;  // number of weights

  // Reads the object of a config.json (written by transformers 4 or 5). `where` names the file in
  // errors.
  static ModelConfig from_json(const Json& json, const std::string& where);
  // Takes the end tokens of a generation_config.json, which override those of config.json, as in
  // `generate` of transformers and in vLLM.
  void take_generation(const Json& json, const std::string& where);
  // The object of a config.json for weights of this type. A model that was read keeps its own
  // fields; only what this program changes is replaced.
  Json to_json(Dtype dtype = Dtype::f32) const;
};

// Name of the architecture at Hugging Face: "Qwen2ForCausalLM".
std::string architecture_of(const ModelConfig& config);

// Shapes of models made from scratch: tiny (1M), small (5M), medium (30M). The tokenizer sets
// `vocab` and `eos`.
ModelConfig preset_config(const std::string& preset);

}  // namespace tinyzero
