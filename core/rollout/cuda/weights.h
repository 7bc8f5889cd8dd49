// A model's weights in device memory. Matrices are f32 or bf16; norms and biases, which are small,
// are f32.
#pragma once

#include <vector>

#include "core/model/parameters.h"
#include "core/rollout/cuda/device.h"

namespace tinyzero {

struct DeviceLayerWeights {
  const float* input_norm = nullptr;
  const float* post_norm = nullptr;
  const float* qkv_bias = nullptr;  // null if the model has none
  const float* q_norm = nullptr;    // null if the model has none
  const float* k_norm = nullptr;    // null if the model has none
  // Matrices:
  const void* qkv = nullptr;
  const void* output = nullptr;
  const void* gate_up = nullptr;
  const void* down = nullptr;
};

struct DeviceWeights {
  Dtype dtype = Dtype::f32;  // type of the matrices
  const void* embedding = nullptr;
  const void* head = nullptr;
  const float* final_norm = nullptr;
  std::vector<DeviceLayerWeights> layers;
};

// A copy on the device of a model whose weights are in host memory.
class UploadedWeights {
 public:
  // Throws Failure if the device has too little memory.
  UploadedWeights(std::shared_ptr<Device> device, const Model& model, Dtype dtype);

  // Bytes that the copy takes.
  static std::int64_t bytes(const Model& model, Dtype dtype);

  // Copies the model's present weights to the same addresses.
  void refresh(const Model& model);

  const DeviceWeights& get() const { return weights_; }

 private:
  std::shared_ptr<Device> device_;
  Dtype dtype_;
  DeviceBuffer matrices_, vectors_;
  DeviceWeights weights_;
};

}  // namespace tinyzero
