// The model as the trainer sees it: its weights as tensors that autograd knows, and the forward pass over packed batches.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "core/model/operators.h"
#include "core/model/packed_weights.h"
#include "core/model/parameters.h"

namespace tinyzero {

class Transformer {
 public:
  // Works on the weights of `model` in place (no copy); `model` must outlive it. With `reference`, the plain LibTorch operations. `packed`, if
  // there, must outlive it and hold the weights as they are whenever a pass runs: products are then our own. A frozen model has no gradient and
  // no memory for one.
  explicit Transformer(Model& model, bool reference = false, const PackedWeights* packed = nullptr, bool frozen = false);

  // Final hidden states, after the last norm, of a packed batch: ids (N) int64 -> (N, D).
  at::Tensor hidden(const at::Tensor& ids, const std::shared_ptr<const PackedShape>& shape);

  // Distributions of the tokens that follow the given rows: rows (M, D), targets (M) int64.
  TokenDistribution distribution(const at::Tensor& rows, const at::Tensor& targets, double temperature) const;

  // Values of the states at the given rows, of a model with a value head: (M, D) -> (M).
  at::Tensor values(const at::Tensor& rows) const;
  bool has_value_head() const { return config_.value_head; }

  // All weights, and their gradients (undefined if frozen), as one flat tensor each.
  const at::Tensor& flat() const { return flat_; }
  const at::Tensor& flat_gradient() const { return gradient_; }

  // Views of them, each weight in its shape: the matrices of the layers, the embeddings (and an untied head), and norms with biases.
  struct Views {
    std::vector<at::Tensor> weights, gradients;
  };
  const Views& layer_matrices() const { return layer_matrices_; }
  const Views& embeddings() const { return embeddings_; }
  const Views& vectors() const { return vectors_; }

 private:
  at::Tensor parameter(std::int64_t offset, std::vector<std::int64_t> shape);

  struct Layer {
    at::Tensor input_norm, q_norm, k_norm, post_norm;
    LinearWeight qkv, output, gate_up, down;
  };

  const ModelConfig& config_;
  bool reference_;
  at::Tensor flat_, gradient_;
  Views layer_matrices_, embeddings_, vectors_;
  at::Tensor embedding_, final_norm_;
  LinearWeight head_;
  std::vector<Layer> layers_;
  std::shared_ptr<RopeTable> rope_;
};

}  // namespace tinyzero
