#include "core/model/transformer.h"

#include <algorithm>

#include "core/model/reference.h"

namespace tinyzero {

using at::Tensor;

Transformer::Transformer(Model& model, bool reference, const PackedWeights* packed, bool frozen)
    : config_(model.config),
      reference_(reference),
      flat_(at::from_blob(model.weights.data(), {model.weights.size()}, at::kFloat)),
      gradient_(frozen ? Tensor() : at::zeros_like(flat_)),
      rope_(std::make_shared<RopeTable>(model.config)) {
  const ModelConfig& c = config_;
  const ParameterLayout& layout = model.layout;
  embedding_ = parameter(layout.embedding(), {c.vocab, c.width});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const LayerOffsets& at = layout.layer(static_cast<std::size_t>(i));
    const std::int64_t qkv_width = c.q_width() + 2 * c.kv_width();
    static const PackedWeights::Layer kNotPacked;
    const PackedWeights::Layer& ready = packed != nullptr ? packed->layer(static_cast<std::size_t>(i)) : kNotPacked;
    const auto linear = [&](std::int64_t offset, std::int64_t rows, std::int64_t columns, std::int64_t bias,
                            const PackedWeights::Matrix& matrix) {
      return LinearWeight{parameter(offset, {rows, columns}), parameter(bias, {rows}), matrix.forward, matrix.backward};
    };
    layers_.push_back({parameter(at.input_norm, {c.width}), parameter(at.q_norm, {c.head_dim}), parameter(at.k_norm, {c.head_dim}),
                       parameter(at.post_norm, {c.width}), linear(at.qkv, qkv_width, c.width, at.qkv_bias, ready.qkv),
                       linear(at.output, c.width, c.q_width(), -1, ready.output), linear(at.gate_up, 2 * c.mlp, c.width, -1, ready.gate_up),
                       linear(at.down, c.width, c.mlp, -1, ready.down)});
  }
  final_norm_ = parameter(layout.final_norm(), {c.width});
  if (c.value_head) {
    head_ = {parameter(layout.head(), {1, c.width}), parameter(layout.head() + c.width, {1})};
  } else {
    head_.weight = c.tied ? embedding_ : parameter(layout.head(), {c.vocab, c.width});
    if (packed != nullptr) {
      head_.forward = packed->head().forward;
      head_.backward = packed->head().backward;
    }
  }
  if (frozen) return;
  for (const ParameterSlot& slot : layout.slots()) {
    Views& views = slot.shape.size() == 1 ? vectors_ : slot.name.starts_with("model.layers.") ? layer_matrices_ : embeddings_;
    views.weights.push_back(flat_.narrow(0, slot.offset, slot.size).view(slot.shape));
    views.gradients.push_back(gradient_.narrow(0, slot.offset, slot.size).view(slot.shape));
  }
}

// A leaf over a part of the flat weights, whose gradient accumulates into the same part of the flat gradient.
Tensor Transformer::parameter(std::int64_t offset, std::vector<std::int64_t> shape) {
  if (offset < 0) return {};
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  if (!gradient_.defined()) return flat_.narrow(0, offset, size).view(shape);
  Tensor weight = flat_.narrow(0, offset, size).view(shape).variable_data().set_requires_grad(true);
  weight.mutable_grad() = gradient_.narrow(0, offset, size).view(shape);
  return weight;
}

Tensor Transformer::hidden(const Tensor& ids, const std::shared_ptr<const PackedShape>& shape) {
  rope_->ensure(shape->longest());
  const AttentionInput input{config_.heads, config_.kv_heads, config_.head_dim, config_.norm_eps, shape, rope_};
  const auto attend = reference_ ? reference_attention : attention;
  const auto normed = [&](const Tensor& x, const Tensor& norm, const LinearWeight& w) {
    return reference_ ? linear(reference_rms_norm(x, norm, config_.norm_eps), w) : norm_linear(x, norm, config_.norm_eps, w);
  };

  Tensor x = at::embedding(embedding_, ids);  // (N, D)
  for (const Layer& layer : layers_) {
    const Tensor qkv = normed(x, layer.input_norm, layer.qkv);                                                  // (N, (H + 2 KV) d)
    x = linear(attend(qkv, layer.q_norm, layer.k_norm, input), layer.output, x);                                // (N, D)
    const Tensor gate_up = normed(x, layer.post_norm, layer.gate_up);                                           // (N, 2F)
    x = reference_ ? linear(reference_swiglu(gate_up), layer.down, x) : swiglu_linear(gate_up, layer.down, x);  // (N, D)
  }
  return reference_ ? reference_rms_norm(x, final_norm_, config_.norm_eps) : rms_norm(x, final_norm_, config_.norm_eps);  // (N, D)
}

Tensor Transformer::values(const Tensor& rows) const { return at::linear(rows, head_.weight, head_.bias).squeeze(1); }

TokenDistribution Transformer::distribution(const Tensor& rows, const Tensor& targets, double temperature) const {
  return reference_ ? reference_token_distribution(rows, head_.weight, targets, temperature)
                    : token_distribution(rows, head_, targets, temperature);
}

}  // namespace tinyzero
