// An operation's value and gradients, to compare one implementation with another.
#pragma once

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <vector>

namespace tinyzero {

struct ValueGradient {
  at::Tensor value;
  std::vector<at::Tensor> gradients;  // by each input, of an arbitrary mixture of the value
};

using TensorFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// f of copies of the inputs in `type`.
inline ValueGradient value_gradient(const TensorFunction& f, const std::vector<at::Tensor>& inputs,
                                    at::ScalarType type = at::kFloat) {
  std::vector<at::Tensor> leaves;
  for (const at::Tensor& input : inputs) {
    at::Tensor leaf = input.to(type).clone().set_requires_grad(true);
    leaf.mutable_grad() = at::zeros_like(leaf);
    leaves.push_back(leaf);
  }
  const at::Tensor value = f(leaves);
  const at::Tensor mixture = at::linspace(-1, 2, value.numel(), at::kDouble).view(value.sizes());
  torch::autograd::backward({(value * mixture.to(type)).sum()}, {});
  ValueGradient out{value.detach().to(at::kDouble), {}};
  for (const at::Tensor& leaf : leaves) out.gradients.push_back(leaf.grad().to(at::kDouble));
  return out;
}

// The largest difference, as a share of the largest number.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  if (a.numel() == 0) return 0;
  return (a - b).abs().max().item<double>() / (1e-12 + b.abs().max().item<double>());
}

inline void check_close(const ValueGradient& a, const ValueGradient& b, double tolerance = 1e-5) {
  CHECK(distance(a.value, b.value) <= tolerance);
  REQUIRE(a.gradients.size() == b.gradients.size());
  for (std::size_t i = 0; i < a.gradients.size(); ++i) {
    CAPTURE(i);
    CHECK(distance(a.gradients[i], b.gradients[i]) <= tolerance);
  }
}

}  // namespace tinyzero
