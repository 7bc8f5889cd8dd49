// LibTorch's product with a matrix that may have adapters, and the gradients of adapters.
#pragma once

#include "core/transformer/operators.h"

namespace tinyzero {

// x · weight^T + bias, both sides in `type`: (N, k), (n, k), (n) or undefined -> (N, n) f32.
at::Tensor typed_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                        at::ScalarType type);

// x · weight^T + bias + residual as LibTorch computes it, with both sides of the product in `type`:
// (N, k), (N, n) or undefined -> (N, n) f32.
at::Tensor torch_linear(const at::Tensor& x, const LinearWeight& w, const at::Tensor& residual,
                        at::ScalarType type = at::kFloat);

// Adds the gradients of a matrix's adapters to their grad(), from dy (N, n) and the product's input
// x (N, k), without the gradient of the matrix.
//   db += s dy^T (x a^T),  da += s (dy b)^T x
void add_adapter_gradients(const std::vector<AdaptedRows>& adapters, const at::Tensor& dy,
                           const at::Tensor& x);

// A leaf that requires a gradient, given to the product so that autograd runs its backward pass
// even if neither x nor the matrix requires one; undefined if there are no adapters.
at::Tensor anchor_of(const std::vector<AdaptedRows>& adapters);

}  // namespace tinyzero
