// The model as the trainer sees it: its weights as tensors that autograd knows, and the forward
// pass over packed batches.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <vector>

#include "core/model/adapter.h"
#include "core/model/packed_weights.h"
#include "core/model/parameters.h"
#include "core/transformer/operators.h"

namespace tinyzero {

// Where a copy of the model computes, with LibTorch's operations (padded.h), and what its products
// multiply in: kFloat or kBFloat16.
struct DevicePlace {
  at::Device device = at::kCPU;
  at::ScalarType products = at::kFloat;
};

class Transformer {
 public:
  // Works on the weights of `model` in place (no copy); `model` must outlive it. With `reference`,
  // the plain LibTorch operations. `packed`, if there, must outlive it and hold the weights as they
  // are whenever a pass runs: products are then our own. A frozen model has no gradient and no
  // memory for one. With `adapter`, which must outlive it and be merged into the model, that alone
  // has gradients.
  explicit Transformer(Model& model, bool reference = false, const PackedWeights* packed = nullptr,
                       bool frozen = false, Adapter* adapter = nullptr);

  // Works on a copy, of the weights of `model` and of the adapter's values, at `place`: as they are
  // when it is made and at each upload().
  Transformer(Model& model, const DevicePlace& place, bool frozen, Adapter* adapter);
  void upload();

  // From now on layers keep nothing but their input for the backward pass, and are computed once
  // more in it: the same gradients, in less memory.
  void recompute_layers() { recompute_ = true; }

  // Final hidden states, after the last norm, of a packed batch: ids (N) int64 -> (N, D).
  at::Tensor hidden(const at::Tensor& ids, const std::shared_ptr<const PackedShape>& shape);

  // Distributions of the tokens that follow the given rows: rows (M, D), targets (M) int64. Of a
  // copy, they are on the CPU nevertheless.
  TokenDistribution distribution(const at::Tensor& rows, const at::Tensor& targets,
                                 double temperature) const;

  // Logits at the given rows, on the CPU: (M, D) -> (M, V).
  at::Tensor logits(const at::Tensor& rows) const;

  // Values of the states at the given rows, of a model with a value head: (M, D) -> (M).
  at::Tensor values(const at::Tensor& rows) const;
  bool has_value_head() const { return config_.value_head; }

  // After a change of what learns: merges the adapter, if there is one, with so many threads.
  void changed(std::int64_t threads);

  // What learns, which is all weights or the adapter's values, and its gradient (undefined if
  // frozen), as one flat tensor each.
  const at::Tensor& flat() const { return flat_; }
  const at::Tensor& flat_gradient() const { return gradient_; }

  // Views of them, each in its shape: the matrices of the layers or of their adapters, the
  // embeddings (and an untied head), and norms with biases.
  struct Views {
    std::vector<at::Tensor> weights, gradients;
  };
  const Views& layer_matrices() const { return layer_matrices_; }
  const Views& embeddings() const { return embeddings_; }
  const Views& vectors() const { return vectors_; }

 private:
  Transformer(Model& model, const std::optional<DevicePlace>& place, bool reference,
              const PackedWeights* packed, bool frozen, Adapter* adapter);

  at::Tensor parameter(std::int64_t offset, std::vector<std::int64_t> shape);
  at::Tensor leaf(std::int64_t offset, std::vector<std::int64_t> shape);
  std::vector<AdaptedRows> adapters_of(std::int64_t offset, std::int64_t rows,
                                       std::int64_t columns);
  void add_view(Views& views, std::int64_t offset, std::int64_t size,
                const std::vector<std::int64_t>& shape);

  struct Layer {
    at::Tensor input_norm, q_norm, k_norm, post_norm;
    LinearWeight qkv, output, gate_up, down;
  };

  at::Tensor layer_pass(const Layer& layer, const at::Tensor& x, const AttentionInput& input) const;

  const ModelConfig& config_;
  Model& model_;
  Adapter* adapter_;                  // null: all weights learn
  std::optional<DevicePlace> place_;  // none: on the model's own weights
  bool reference_, recompute_ = false;
  at::Tensor weights_, flat_, gradient_;
  Views layer_matrices_, embeddings_, vectors_;
  at::Tensor embedding_, final_norm_;
  LinearWeight head_;
  std::vector<Layer> layers_;
  std::shared_ptr<RopeTable> rope_;
};

}  // namespace tinyzero
