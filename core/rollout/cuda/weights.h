// Where a model's weights lie in device memory.
//
// Matrices are f32 or bf16; norms and biases, which are small, f32.
#pragma once

#include <vector>

#include "core/model/parameters.h"
#include "core/rollout/cuda/device.h"

namespace tinyzero {

struct DeviceLayerWeights {
  const float *input_norm, *qkv_bias, *q_norm, *k_norm,
      *post_norm;  // null where the model has none
  const void *qkv, *output, *gate_up, *down;
};

struct DeviceWeights {
  Dtype dtype = Dtype::f32;  // of matrices
  const void *embedding = nullptr, *head = nullptr;
  const float* final_norm = nullptr;
  std::vector<DeviceLayerWeights> layers;
};

// Weights that already lie on the device, as a trainer keeps them: in the order of the layout,
// matrices of `dtype` from `matrices` on and f32 norms and biases from `vectors` on, at the
// layout's offsets in both. For f32 both are one buffer. Nothing is copied: what changes there is
// used.
DeviceWeights weights_in_place(const Model& shape, const void* matrices, Dtype dtype,
                               const float* vectors);

// A copy on the device of a model whose weights lie in host memory.
class UploadedWeights {
 public:
  // Throws Failure if the device has no room.
  UploadedWeights(std::shared_ptr<Device> device, const Model& model, Dtype dtype);

  // Bytes that the copy takes.
  static std::int64_t bytes(const Model& model, Dtype dtype);

  // Copies the model's weights as they are now to the same places.
  void refresh(const Model& model);

  const DeviceWeights& get() const { return weights_; }

 private:
  std::shared_ptr<Device> device_;
  Dtype dtype_;
  DeviceBuffer matrices_, vectors_;
  DeviceWeights weights_;
};

}  // namespace tinyzero
