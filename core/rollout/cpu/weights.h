// A model's weights packed for decoding: the matrices in the panels of the kernels, the small
// vectors as they are.
#pragma once

#include <vector>

#include "core/base/team.h"
#include "core/kernels/kernels.h"
#include "core/model/parameters.h"

namespace tinyzero {

struct DecodeLayer {
  const float* input_norm = nullptr;
  const float* post_norm = nullptr;
  const float* qkv_bias = nullptr;  // null if the model has none
  const float* q_norm = nullptr;    // null if the model has none
  const float* k_norm = nullptr;    // null if the model has none
  // Packed:
  float* qkv = nullptr;
  float* output = nullptr;
  float* gate_up = nullptr;
  float* down = nullptr;
};

class DecodeWeights {
 public:
  DecodeWeights(const ModelConfig& config, const ParameterLayout& layout, const Kernels& kernels);

  // Floats that the packed matrices take.
  static std::int64_t floats(const ModelConfig& config, const Kernels& kernels);

  // Packs `weights`, which are in the order of the layout. Vectors are not copied, so `weights`
  // must stay alive and unchanged while they are used for decoding.
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
  const float* embedding_ = nullptr;
  const float* final_norm_ = nullptr;
  float* head_ = nullptr;
};

}  // namespace tinyzero
