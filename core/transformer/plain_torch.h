// The same model as one writes it in LibTorch alone, as a peer to measure against: padded batches,
// fused attention, a static cache of keys and values, finished rows replaced. It copies the weights
// of a Model, in the type that is wanted.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "core/model/parameters.h"
#include "core/rollout/engine.h"

namespace tinyzero {

class PlainTorch {
 public:
  // `type`: kFloat or kBFloat16, of weights and cache. `trainable`: f32 weights with gradients,
  // whose products autocast makes bf16 if `type` is kBFloat16.
  PlainTorch(const Model& model, at::ScalarType type, bool trainable);

  // Completions of the given lengths for prompts of one length, sampled at temperature 1, `batch`
  // at once. Returns the tokens of all.
  std::vector<std::vector<std::int32_t>> decode(const std::vector<Prompt>& prompts,
                                                const std::vector<std::int64_t>& lengths,
                                                std::int64_t batch, std::uint64_t seed);

  // Log-probabilities of the completions' tokens given the batch, of one length-sorted, padded
  // micro-batch: ids (B, T), from position prompt - 1 on. Returns (B, T - prompt).
  at::Tensor completion_logp(const at::Tensor& ids, std::int64_t prompt);

  // A step of policy gradient with all advantages 1 on sequences of ids, in padded micro-batches of
  // about `tokens` tokens, and AdamW. Returns the loss.
  double train(const std::vector<std::vector<std::int32_t>>& sequences, std::int64_t prompt,
               std::int64_t tokens);

 private:
  struct Layer {
    at::Tensor input_norm, q_norm, k_norm,
        post_norm;  // q_norm, k_norm: undefined if there are none
    at::Tensor qkv, output, gate_up, down;
  };
  struct Heads {
    at::Tensor q;  // (B, H, T, d)
    at::Tensor k;  // (B, KV, T, d)
    at::Tensor v;  // (B, KV, T, d)
  };
  // Where the rows of a pass lie in the cache of keys and values.
  struct CachePlace {
    at::Tensor positions;      // (B, T)
    at::Tensor rows = {};      // (B); undefined: no cache, attention is causal within the rows
    std::int64_t longest = 0;  // positions of the cache that are read
    at::Tensor mask = {};      // (B, 1, 1, longest): what a row of one position sees
  };
  class Rows;

  void add_layer(const float* weights, const LayerOffsets& at);
  at::Tensor parameter(const float* from, std::vector<std::int64_t> shape);
  at::Tensor embedded(const at::Tensor& ids) const;
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight) const;
  at::Tensor rotate(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) const;
  at::Tensor causal_attention(const Heads& heads) const;
  at::Tensor cached_attention(std::size_t layer, const Heads& heads, const CachePlace& place);
  at::Tensor layers(at::Tensor x, CachePlace place);  // (B, T, D)
  void adamw_step();

  ModelConfig config_;
  at::ScalarType type_;
  bool trainable_;
  std::vector<Layer> layers_;
  at::Tensor embedding_;                   // (V, D)
  at::Tensor final_norm_;                  // (D)
  at::Tensor head_;                        // (V, D)
  at::Tensor cosines_;                     // (positions, d / 2)
  at::Tensor sines_;                       // (positions, d / 2)
  std::vector<at::Tensor> keys_, values_;  // by layer: (rows, kv heads, positions, d)
  std::vector<at::Tensor> parameters_, first_, second_;
  std::int64_t steps_ = 0;
};

}  // namespace tinyzero
