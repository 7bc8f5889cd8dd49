// The matrices of a model packed for the products of training: each as it is, for the forward pass,
// and transposed, for the gradients of inputs.
#pragma once

#include <vector>

#include "core/kernels/kernels.h"
#include "core/model/parameters.h"

namespace tinyzero {

class PackedWeights {
 public:
  struct Matrix {
    const float *forward = nullptr, *backward = nullptr;
  };
  struct Layer {
    Matrix qkv, output, gate_up, down;
  };

  // Room for the matrices of `model`, which must outlive it; transposed too unless `frozen`. A
  // value head is not packed.
  PackedWeights(const Model& model, bool frozen);

  // Packs the weights as they are now; `part` of `parts`, so that threads can share the work.
  void pack(std::int64_t part, std::int64_t parts);

  const Layer& layer(std::size_t i) const { return layers_[i]; }
  const Matrix& head() const { return head_; }

  // Floats that the packed matrices of a model take.
  static std::int64_t floats(const Model& model, bool frozen);

 private:
  struct Source {
    const float* weight;
    std::int64_t rows, columns;
    float *forward, *backward;  // null: not wanted
  };

  FloatBuffer data_;
  std::vector<Layer> layers_;
  Matrix head_;
  std::vector<Source> sources_;
};

}  // namespace tinyzero
