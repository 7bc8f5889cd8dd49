// Products of matrices on our own kernels or on LibTorch's, and the gradient of a matrix.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace tinyzero {

// The right side of a product.
struct RightSide {
  at::Tensor matrix;    // (k, n)
  const float* packed;  // the matrix packed by our kernels; null: LibTorch computes the product
};

// What becomes of a product. LibTorch's products take the default alone.
struct ProductEnd {
  const float* bias = nullptr;  // (n), added to each row; null: none
  bool add = false;             // y += instead of y =
};

// y (count, n) = x (count, k) · right + bias
void multiply_rows(const float* x, std::int64_t count, const RightSide& right, float* y,
                   const ProductEnd& end = {});

// Adds dy (rows, n)^T · x (rows, k) to `gradient` (n, k), on LibTorch's threads.
void add_weight_gradient(const float* dy, const float* x, std::int64_t rows, at::Tensor gradient);

}  // namespace tinyzero
