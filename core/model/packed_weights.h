// The matrices of a model packed for the products of training: each unchanged for the forward pass,
// and transposed for the gradients of inputs.
#pragma once

#include <vector>

#include "core/model/parameters.h"

namespace tinyzero {

class PackedWeights {
 public:
  struct Matrix {
    const float* forward = nullptr;
    const float* backward = nullptr;  // transposed; null for a frozen model
  };
  struct Layer {
    Matrix qkv;
    Matrix output;
    Matrix gate_up;
    Matrix down;
  };

  // Allocates the packed matrices of `model`, which must outlive this object; without transposes if
  // `frozen`. A value head is not packed.
  PackedWeights(const Model& model, bool frozen);

  // Packs the current weights. Threads share the work: this call does every `parts`-th matrix,
  // beginning with number `part`.
  void pack(std::int64_t part, std::int64_t parts);

  const Layer& layer(std::size_t i) const { return layers_[i]; }
  const Matrix& head() const { return head_; }

  // Floats that the packed matrices of a model take.
  static std::int64_t floats(const Model& model, bool frozen);

 private:
  struct Source {
    const float* weight;
    std::int64_t rows;
    std::int64_t columns;
    float* forward;
    float* backward;  // null for a frozen model
  };

  FloatBuffer data_;
  std::vector<Layer> layers_;
  Matrix head_;
  std::vector<Source> sources_;
};

}  // namespace tinyzero
