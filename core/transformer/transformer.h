// The model as the trainer sees it: the forward pass over packed batches, in terms of operators.h,
// and the flat gradient in which backward passes accumulate.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "core/model/config.h"
#include "core/transformer/model_tensors.h"
#include "core/transformer/operators.h"

namespace tinyzero {

class PackedWeights;

struct TransformerOptions {
  // Matrices packed for our kernels' products, as the weights are whenever a pass runs. They must
  // outlive the transformer. Null: products are LibTorch's.
  const PackedWeights* packed = nullptr;
  // What learns. It must outlive the transformer and be merged into the model. Null: all weights.
  Adapter* adapter = nullptr;
  // Nothing learns: there is no gradient, and no memory for one.
  bool frozen = false;
  // Layers keep only their input for the backward pass, which computes the rest again: the same
  // gradients, in less memory.
  bool recompute = false;
};

class Transformer {
 public:
  // Works on the weights of `model` in place or, where the operators are for a device, on a copy as
  // of now and of each upload(). Model and operators must outlive the transformer.
  Transformer(Model& model, const Operators& operators, const TransformerOptions& options = {});
  void upload() { tensors_.upload(); }

  // Final hidden states, after the last norm, of a packed batch: ids (N) int64 -> (N, D).
  at::Tensor hidden(const at::Tensor& ids, const std::shared_ptr<const PackedShape>& shape);

  // Distributions of the tokens that follow the given rows, on the CPU: rows (M, D), targets (M)
  // int64.
  TokenDistribution distribution(const at::Tensor& rows, const at::Tensor& targets,
                                 double temperature) const;

  // Logits at the given rows, on the CPU: (M, D) -> (M, V).
  at::Tensor logits(const at::Tensor& rows) const;

  // Values of the states at the given rows, on the CPU, if the model has a value head:
  // (M, D) -> (M).
  at::Tensor values(const at::Tensor& rows) const;
  bool has_value_head() const { return config_.value_head; }

  // What learns, and its gradient (undefined if frozen): (P) each.
  const at::Tensor& flat() const { return tensors_.learning(); }
  const at::Tensor& flat_gradient() const { return tensors_.gradient(); }

 private:
  struct Layer {
    at::Tensor input_norm;  // (D)
    at::Tensor q_norm;      // (d), or undefined
    at::Tensor k_norm;      // (d), or undefined
    at::Tensor post_norm;   // (D)
    LinearWeight qkv;       // ((H + 2 KV) d, D)
    LinearWeight output;    // (D, H d)
    LinearWeight gate_up;   // (2F, D)
    LinearWeight down;      // (D, F)
  };

  Layer layer(const Model& model, std::int64_t index, const PackedWeights* packed) const;
  LinearWeight head(const Model& model, const TransformerOptions& options) const;
  at::Tensor layer_pass(const Layer& layer, const at::Tensor& x, const AttentionInput& input) const;

  const ModelConfig& config_;
  const Operators& operators_;
  bool recompute_;
  ModelTensors tensors_;
  at::Tensor embedding_;   // (V, D)
  at::Tensor final_norm_;  // (D)
  LinearWeight head_;      // (V, D), or (1, D) of values
  std::vector<Layer> layers_;
  std::shared_ptr<RopeTable> rope_;
};

}  // namespace tinyzero
