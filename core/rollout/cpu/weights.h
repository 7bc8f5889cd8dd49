// A model's weights packed for decoding: the matrices in the panels of the kernels, the small
// vectors as they are.
#pragma once

#include <vector>

#include "core/base/team.h"
#include "core/kernels/kernels.h"
#include "core/model/parameters.h"

namespace tinyzero {

struct DecodeLayer {
  const float *input_norm, *qkv_bias, *q_norm, *k_norm,
      *post_norm;                        // null where the model has none
  float *qkv, *output, *gate_up, *down;  // packed
};

class DecodeWeights {
 public:
  DecodeWeights(const ModelConfig& config, const ParameterLayout& layout, const Kernels& kernels);

  // Floats that the packed matrices take.
  static std::int64_t floats(const ModelConfig& config, const Kernels& kernels);

  // Packs `weights` (in the order of the layout), which must stay alive and unchanged while they
  // are used for decoding.
  void pack(const float* weights, Team& team);

  const DecodeLayer& layer(std::size_t i) const { return layers_[i]; }
  const float* embedding() const { return embedding_; }
  const float* final_norm() const { return final_norm_; }
  const float* head() const { return head_; }  // packed

 private:
  const ModelConfig& config_;
  const ParameterLayout& layout_;
  const Kernels& kernels_;
  FloatBuffer packed_;
  std::vector<DecodeLayer> layers_;
  const float *embedding_ = nullptr, *final_norm_ = nullptr;
  float* head_ = nullptr;
};

}  // namespace tinyzero
