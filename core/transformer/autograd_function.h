// What our own autograd functions share: LibTorch's names, and a home for what a node keeps.
#pragma once

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>
#include <utility>

namespace tinyzero {

using at::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::Variable;
using Variables = torch::autograd::variable_list;

// A value that a node of the graph owns in addition to its saved tensors.
template <class T>
struct NodeCapsule : torch::CustomClassHolder {
  explicit NodeCapsule(T kept) : value(std::move(kept)) {}
  T value;
};

// Gives the node a copy of `value`, which lives as long as the node does. One a node.
template <class T>
void save_in_node(AutogradContext* context, T value) {
  context->saved_data["capsule"] =
      c10::IValue::make_capsule(c10::make_intrusive<NodeCapsule<T>>(std::move(value)));
}

// The value that save_in_node() was given, of the same type.
template <class T>
const T& saved_in_node(AutogradContext* context) {
  return static_cast<const NodeCapsule<T>&>(*context->saved_data["capsule"].toCapsule()).value;
}

inline std::optional<Tensor> optional(const Tensor& t) {
  return t.defined() ? std::optional(t) : std::nullopt;
}

}  // namespace tinyzero
