// What an optimizer changes, all weights of a model or the values of its adapter, and its gradient.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "core/optimizer/weight_span.h"

namespace tinyzero {

class Adapter;
struct Model;

// One tensor among the numbers that learn.
struct TrainedTensor {
  std::int64_t offset;
  std::vector<std::int64_t> shape;

  std::int64_t size() const;
  WeightSpan span() const { return {offset, size()}; }
  // This tensor of a flat one, which holds all numbers in the same order.
  at::Tensor of(const at::Tensor& flat) const;
};

// The gradient of a loss by all that learns, summed over everything that computed a part of it:
// what ModelWorkers::run() returns and Optimizer::step() takes.
struct GradientSum {
  // (P) f32 on the CPU, in the order of TrainedWeights::flat(); undefined: the model is frozen.
  // Shares its memory with whoever accumulates into it. Of several ranks, each has the sum in its
  // own range of TrainedWeights::cuts() alone.
  at::Tensor flat;

  void clear() {
    if (flat.defined()) flat.zero_();
  }
};

class TrainedWeights {
 public:
  // `model` and the adapter (null: all weights learn) must outlive this.
  explicit TrainedWeights(Model& model, Adapter* adapter = nullptr);

  // All numbers that learn, in place: (P).
  const at::Tensor& flat() const { return flat_; }

  // The matrices of the layers or of their adapters; the embeddings and an untied head; norms and
  // biases.
  const std::vector<TrainedTensor>& layer_matrices() const { return layer_matrices_; }
  const std::vector<TrainedTensor>& embeddings() const { return embeddings_; }
  const std::vector<TrainedTensor>& vectors() const { return vectors_; }

  // All of these tensors in blocks of at most 65,536 numbers, by offset.
  const std::vector<WeightSpan>& blocks() const { return blocks_; }
  // The borders of one range for each of so many ranks: 0, …, P. Ranges are nearly equal. They end
  // where a block ends, and cut no matrix of a layer, since Muon needs it whole.
  std::vector<std::int64_t> cuts(std::int64_t ranks) const;

  // To be called after a change of flat(): merges the adapter, if there is one, into the model's
  // weights.
  void merge_adapter(std::int64_t threads);

 private:
  void list_weights();
  void list_adapter();
  void list_blocks();

  Model& model_;
  Adapter* adapter_;
  at::Tensor flat_;
  std::vector<TrainedTensor> layer_matrices_;
  std::vector<TrainedTensor> embeddings_;
  std::vector<TrainedTensor> vectors_;
  std::vector<WeightSpan> blocks_;
  std::vector<std::int64_t> borders_;  // where ranges may end
};

}  // namespace tinyzero
