// The direction of a step of Muon.
#pragma once

#include <ATen/ATen.h>

namespace tinyzero {

// The nearest matrix with orthonormal rows (or columns, if there are fewer), approximately: five
// steps of the quintic Newton-Schulz iteration (Jordan et al. 2024,
// kellerjordan.github.io/posts/muon) leave singular values between 0.7 and 1.2. Products are those
// of the kernels in use: of bf16, summed in f32, where the run's are. On the caller's thread.
// (rows, columns) -> the same.
at::Tensor orthogonalize(const at::Tensor& matrix);

}  // namespace tinyzero
