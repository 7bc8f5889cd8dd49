// A model's weights as tensors that autograd knows. What learns of them, all weights or the values
// of an adapter, is one flat tensor with one flat gradient.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "core/transformer/operators.h"

namespace tinyzero {

class Adapter;
struct Model;

struct ModelTensorsOptions {
  Adapter* adapter = nullptr;             // what learns; null: all weights
  bool frozen = false;                    // nothing learns, and no memory is taken for gradients
  std::optional<at::Device> device = {};  // of a copy of the numbers; none: used in place
};

class ModelTensors {
 public:
  // `model` and the adapter must outlive this.
  ModelTensors(Model& model, const ModelTensorsOptions& options);

  // The copy on a device becomes what model and adapter are now.
  void upload();

  // A weight of the model, undefined for an offset of -1. It is a leaf if all weights learn.
  at::Tensor weight(std::int64_t offset, const std::vector<std::int64_t>& shape) const;

  // A leaf over what learns, from `offset` on; its gradient accumulates in the flat gradient.
  at::Tensor leaf(std::int64_t offset, const std::vector<std::int64_t>& shape) const;

  // The adapters of the matrix at `offset`, which may hold several of the matrices that have one.
  std::vector<AdaptedRows> adapters_of(std::int64_t offset, std::int64_t rows,
                                       std::int64_t columns) const;

  const at::Tensor& learning() const { return learning_; }  // (P)
  const at::Tensor& gradient() const { return gradient_; }  // (P); undefined: frozen

 private:
  Model& model_;
  Adapter* adapter_;
  at::Tensor weights_;   // all weights of the model
  at::Tensor learning_;  // weights_, or the adapter's values
  at::Tensor gradient_;
};

}  // namespace tinyzero
