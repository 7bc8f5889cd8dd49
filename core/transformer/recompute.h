// Computing a part of the graph again in the backward pass, instead of keeping what it made.
#pragma once

#include <ATen/ATen.h>

#include <functional>

namespace tinyzero {

// work(x), of which the graph keeps x alone: the backward pass computes the rest again. `work` must
// be a function of x and of leaves that do not change until then. What it refers to must live as
// long.
at::Tensor recomputed(const std::function<at::Tensor(const at::Tensor&)>& work,
                      const at::Tensor& x);

}  // namespace tinyzero
