// The same model as one writes it in LibTorch alone, as a peer to measure against: padded batches,
// fused attention, a static cache of keys and values, finished rows replaced. Weights are those of
// a Model, converted to the wanted type.
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
    at::Tensor input_norm, qkv, q_norm, k_norm, output, post_norm, gate_up, down;
  };

  at::Tensor parameter(const float* from, std::vector<std::int64_t> shape);
  at::Tensor norm(const at::Tensor& x, const at::Tensor& weight) const;
  at::Tensor rotate(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) const;
  // x (B, T, D) at positions (B, T). With a cache, keys and values are written to rows `rows` (B)
  // of it and read from there up to `longest`; else attention is causal within x.
  at::Tensor layers(at::Tensor x, const at::Tensor& positions, const at::Tensor& rows,
                    std::int64_t longest);

  ModelConfig config_;
  at::ScalarType type_;
  bool trainable_;
  std::vector<Layer> layers_;
  at::Tensor embedding_, final_norm_, head_, cosines_, sines_;  // tables (positions, d / 2)
  std::vector<at::Tensor> keys_, values_;  // by layer: (rows, kv heads, positions, d)
  std::vector<at::Tensor> parameters_, first_, second_;
  std::int64_t steps_ = 0;
};

}  // namespace tinyzero
