#include "core/transformer/transformer.h"

#include <algorithm>

#include "core/base/workers.h"
#include "core/transformer/device_operators.h"
#include "core/transformer/torch_operators.h"

namespace tinyzero {

using at::Tensor;

namespace {

Tensor weights_of(Model& model) {
  return at::from_blob(model.weights.data(), {model.weights.size()}, at::kFloat);
}

Tensor values_of(Adapter& adapter) {
  return at::from_blob(adapter.values(), {adapter.size()}, at::kFloat);
}

// In place, or a copy on a device.
Tensor placed(const Tensor& host, const std::optional<DevicePlace>& place) {
  return place ? host.to(place->device, at::kFloat, /*non_blocking=*/false, /*copy=*/true) : host;
}

}  // namespace

Transformer::Transformer(Model& model, bool reference, const PackedWeights* packed, bool frozen,
                         Adapter* adapter)
    : Transformer(model, std::nullopt, reference, packed, frozen, adapter) {}

Transformer::Transformer(Model& model, const DevicePlace& place, bool frozen, Adapter* adapter)
    : Transformer(model, std::optional(place), /*reference=*/true, nullptr, frozen, adapter) {}

Transformer::Transformer(Model& model, const std::optional<DevicePlace>& place, bool reference,
                         const PackedWeights* packed, bool frozen, Adapter* adapter)
    : config_(model.config),
      model_(model),
      adapter_(adapter),
      place_(place),
      reference_(reference),
      weights_(placed(weights_of(model), place)),
      flat_(adapter == nullptr ? weights_ : placed(values_of(*adapter), place)),
      gradient_(frozen ? Tensor() : at::zeros_like(flat_)),
      rope_(std::make_shared<RopeTable>(model.config)) {
  const ModelConfig& c = config_;
  const ParameterLayout& layout = model.layout;
  embedding_ = parameter(layout.embedding(), {c.vocab, c.width});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const LayerOffsets& at = layout.layer(i);
    const std::int64_t qkv_width = c.q_width() + 2 * c.kv_width();
    static const PackedWeights::Layer kNotPacked;
    const PackedWeights::Layer& ready = packed != nullptr ? packed->layer(i) : kNotPacked;
    const auto linear = [&](std::int64_t offset, std::int64_t rows, std::int64_t columns,
                            std::int64_t bias, const PackedWeights::Matrix& matrix) {
      return LinearWeight{parameter(offset, {rows, columns}),
                          parameter(bias, {rows}),
                          matrix.forward,
                          matrix.backward,
                          adapters_of(offset, rows, columns),
                          place_ ? place_->products : at::kFloat};
    };
    layers_.push_back({parameter(at.input_norm, {c.width}), parameter(at.q_norm, {c.head_dim}),
                       parameter(at.k_norm, {c.head_dim}), parameter(at.post_norm, {c.width}),
                       linear(at.qkv, qkv_width, c.width, at.qkv_bias, ready.qkv),
                       linear(at.output, c.width, c.q_width(), -1, ready.output),
                       linear(at.gate_up, 2 * c.mlp, c.width, -1, ready.gate_up),
                       linear(at.down, c.width, c.mlp, -1, ready.down)});
  }
  final_norm_ = parameter(layout.final_norm(), {c.width});
  if (c.value_head && adapter != nullptr && adapter->head() >= 0) {
    head_ = {leaf(adapter->head(), {1, c.width}), leaf(adapter->head() + c.width, {1})};
  } else if (c.value_head) {
    head_ = {parameter(layout.head(), {1, c.width}), parameter(layout.head() + c.width, {1})};
  } else {
    head_.weight = c.tied ? embedding_ : parameter(layout.head(), {c.vocab, c.width});
    if (packed != nullptr) {
      head_.forward = packed->head().forward;
      head_.backward = packed->head().backward;
    }
  }
  if (frozen) return;
  if (adapter != nullptr) {
    const std::int64_t rank = adapter->options().rank;
    for (const AdaptedMatrix& m : adapter->matrices()) {
      add_view(layer_matrices_, m.a, rank * m.columns, {rank, m.columns});
      add_view(layer_matrices_, m.b, m.rows * rank, {m.rows, rank});
    }
    if (adapter->head() >= 0) {
      add_view(embeddings_, adapter->head(), c.width, {1, c.width});
      add_view(vectors_, adapter->head() + c.width, 1, {1});
    }
    return;
  }
  for (const ParameterSlot& slot : layout.slots()) {
    Views& views = slot.shape.size() == 1                   ? vectors_
                   : slot.name.starts_with("model.layers.") ? layer_matrices_
                                                            : embeddings_;
    add_view(views, slot.offset, slot.size, slot.shape);
  }
}

void Transformer::add_view(Views& views, std::int64_t offset, std::int64_t size,
                           const std::vector<std::int64_t>& shape) {
  views.weights.push_back(flat_.narrow(0, offset, size).view(shape));
  views.gradients.push_back(gradient_.narrow(0, offset, size).view(shape));
}

namespace {

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  return size;
}

}  // namespace

// A weight of the model, which learns unless the model is frozen or has an adapter; undefined for
// an offset of -1.
Tensor Transformer::parameter(std::int64_t offset, std::vector<std::int64_t> shape) {
  if (offset < 0) return {};
  if (gradient_.defined() && adapter_ == nullptr) return leaf(offset, std::move(shape));
  return weights_.narrow(0, offset, product(shape)).view(shape);
}

// A leaf over a part of what learns, whose gradient accumulates into the same part of the flat
// gradient.
Tensor Transformer::leaf(std::int64_t offset, std::vector<std::int64_t> shape) {
  const std::int64_t size = product(shape);
  Tensor weight = flat_.narrow(0, offset, size).view(shape).variable_data().set_requires_grad(true);
  weight.mutable_grad() = gradient_.narrow(0, offset, size).view(shape);
  return weight;
}

// The adapters of the matrix at `offset`, whose rows may be several of the matrices that have them.
std::vector<AdaptedRows> Transformer::adapters_of(std::int64_t offset, std::int64_t rows,
                                                  std::int64_t columns) {
  std::vector<AdaptedRows> found;
  if (adapter_ == nullptr) return found;
  const std::int64_t rank = adapter_->options().rank;
  for (const AdaptedMatrix& m : adapter_->matrices()) {
    if (m.weight < offset || m.weight >= offset + rows * columns) continue;
    found.push_back({(m.weight - offset) / columns, m.rows, leaf(m.a, {rank, columns}),
                     leaf(m.b, {m.rows, rank}), adapter_->options().scale()});
  }
  return found;
}

void Transformer::changed(std::int64_t threads) {
  if (adapter_ == nullptr) return;
  run_workers(threads, [&](std::int64_t part) { adapter_->merge(model_, part, threads); });
}

void Transformer::upload() {
  weights_.copy_(weights_of(model_));
  if (adapter_ != nullptr) flat_.copy_(values_of(*adapter_));
}

Tensor Transformer::hidden(const Tensor& ids, const std::shared_ptr<const PackedShape>& shape) {
  rope_->ensure(shape->longest());
  AttentionInput input{config_.heads, config_.kv_heads, config_.head_dim, config_.norm_eps, shape,
                       rope_};
  if (place_)
    input.padded = std::make_shared<PaddedShape>(*shape, *rope_, config_.head_dim, place_->device);
  Tensor x = reference_ ? at::embedding(embedding_, ids.to(embedding_.device()))
                        : token_embedding(embedding_, ids);  // (N, D)
  for (const Layer& layer : layers_) {
    const auto pass = [this, &layer, input](const Tensor& from) {
      return layer_pass(layer, from, input);
    };
    x = recompute_ ? recomputed(pass, x) : pass(x);
  }
  return reference_ ? reference_rms_norm(x, final_norm_, config_.norm_eps)
                    : rms_norm(x, final_norm_, config_.norm_eps);  // (N, D)
}

Tensor Transformer::layer_pass(const Layer& layer, const Tensor& x,
                               const AttentionInput& input) const {
  const auto attend = [&](const Tensor& qkv) {
    if (place_) return padded_attention(qkv, layer.q_norm, layer.k_norm, input, place_->products);
    return (reference_ ? reference_attention : attention)(qkv, layer.q_norm, layer.k_norm, input);
  };
  const auto normed = [&](const Tensor& from, const Tensor& norm, const LinearWeight& w) {
    return reference_ ? linear(reference_rms_norm(from, norm, config_.norm_eps), w)
                      : norm_linear(from, norm, config_.norm_eps, w);
  };
  const Tensor qkv = normed(x, layer.input_norm, layer.qkv);                // (N, (H + 2 KV) d)
  const Tensor attended = linear(attend(qkv), layer.output, x);             // (N, D)
  const Tensor gate_up = normed(attended, layer.post_norm, layer.gate_up);  // (N, 2F)
  return reference_ ? linear(reference_swiglu(gate_up), layer.down, attended)
                    : swiglu_linear(gate_up, layer.down, attended);  // (N, D)
}

Tensor Transformer::values(const Tensor& rows) const {
  return at::linear(rows, head_.weight, head_.bias).squeeze(1).cpu();
}

Tensor Transformer::logits(const Tensor& rows) const {
  return typed_linear(rows, head_.weight, {}, place_ ? place_->products : at::kFloat).cpu();
}

TokenDistribution Transformer::distribution(const Tensor& rows, const Tensor& targets,
                                            double temperature) const {
  if (place_) {
    const TokenDistribution out = chunked_token_distribution(
        rows, head_.weight, targets.to(place_->device), temperature, place_->products);
    return {out.logp.cpu(), out.entropy.cpu()};
  }
  return reference_ ? reference_token_distribution(rows, head_.weight, targets, temperature)
                    : token_distribution(rows, head_, targets, temperature);
}

}  // namespace tinyzero
