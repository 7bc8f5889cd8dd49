#include "core/transformer/model_tensors.h"

#include <functional>
#include <numeric>

#include "core/transformer/flat_tensors.h"

namespace tinyzero {
namespace {

using at::Tensor;

Tensor in_place_or_copied(const Tensor& host, const std::optional<at::Device>& device) {
  if (!device) return host;
  return host.to(*device, at::kFloat, /*non_blocking=*/false, /*copy=*/true);
}

// `shape` from `offset` on.
Tensor view_of(const Tensor& flat, std::int64_t offset, const std::vector<std::int64_t>& shape) {
  const std::int64_t size =
      std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
  return flat.narrow(0, offset, size).view(shape);
}

}  // namespace

ModelTensors::ModelTensors(Model& model, const ModelTensorsOptions& options)
    : model_(model),
      adapter_(options.adapter),
      weights_(in_place_or_copied(flat_tensor(model), options.device)),
      learning_(adapter_ == nullptr ? weights_
                                    : in_place_or_copied(flat_tensor(*adapter_), options.device)),
      gradient_(options.frozen ? Tensor() : at::zeros_like(learning_)) {}

void ModelTensors::upload() {
  weights_.copy_(flat_tensor(model_));
  if (adapter_ != nullptr) learning_.copy_(flat_tensor(*adapter_));
}

Tensor ModelTensors::weight(std::int64_t offset, const std::vector<std::int64_t>& shape) const {
  if (offset < 0) return {};
  if (gradient_.defined() && adapter_ == nullptr) return leaf(offset, shape);
  return view_of(weights_, offset, shape);
}

Tensor ModelTensors::leaf(std::int64_t offset, const std::vector<std::int64_t>& shape) const {
  Tensor out = view_of(learning_, offset, shape).variable_data().set_requires_grad(true);
  out.mutable_grad() = view_of(gradient_, offset, shape);
  return out;
}

std::vector<AdaptedRows> ModelTensors::adapters_of(std::int64_t offset, std::int64_t rows,
                                                   std::int64_t columns) const {
  std::vector<AdaptedRows> found;
  if (adapter_ == nullptr) return found;
  const std::int64_t rank = adapter_->options().rank;
  for (const AdaptedMatrix& m : adapter_->matrices()) {
    if (m.weight < offset || m.weight >= offset + rows * columns) continue;
    found.push_back({.first = (m.weight - offset) / columns,
                     .count = m.rows,
                     .a = leaf(m.a, {rank, columns}),
                     .b = leaf(m.b, {m.rows, rank}),
                     .scale = adapter_->options().scale()});
  }
  return found;
}

}  // namespace tinyzero
