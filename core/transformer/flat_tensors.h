// A model's weights, or an adapter's values, as one tensor over their memory.
#pragma once

#include <ATen/ATen.h>

#include "core/model/adapter.h"
#include "core/model/parameters.h"

namespace tinyzero {

// The model must outlive the tensor: (P) f32.
inline at::Tensor flat_tensor(Model& model) {
  return at::from_blob(model.weights.data(), {model.weights.size()}, at::kFloat);
}

// The adapter must outlive the tensor: (P) f32.
inline at::Tensor flat_tensor(Adapter& adapter) {
  return at::from_blob(adapter.values(), {adapter.size()}, at::kFloat);
}

}  // namespace tinyzero
