#include "core/transformer/transformer.h"

#include "core/model/adapter.h"
#include "core/model/packed_weights.h"
#include "core/model/parameters.h"
#include "core/model/rope.h"
#include "core/transformer/packed_shape.h"
#include "core/transformer/recompute.h"

namespace tinyzero {

using at::Tensor;

Transformer::Transformer(Model& model, const Operators& operators,
                         const TransformerOptions& options)
    : config_(model.config),
      operators_(operators),
      recompute_(options.recompute),
      tensors_(
          model,
          {.adapter = options.adapter, .frozen = options.frozen, .device = operators.device()}),
      embedding_(tensors_.weight(model.layout.embedding(), {config_.vocab, config_.width})),
      final_norm_(tensors_.weight(model.layout.final_norm(), {config_.width})),
      head_(head(model, options)),
      rope_(std::make_shared<RopeTable>(model.config)) {
  for (std::int64_t i = 0; i < config_.layers; ++i)
    layers_.push_back(layer(model, i, options.packed));
}

Transformer::Layer Transformer::layer(const Model& model, std::int64_t index,
                                      const PackedWeights* packed) const {
  const ModelConfig& c = config_;
  const LayerOffsets& at = model.layout.layer(index);
  const PackedWeights::Layer ready =
      packed != nullptr ? packed->layer(index) : PackedWeights::Layer();
  const auto linear = [&](std::int64_t offset, std::int64_t rows, std::int64_t columns,
                          std::int64_t bias, const PackedWeights::Matrix& matrix) {
    return LinearWeight{.weight = tensors_.weight(offset, {rows, columns}),
                        .bias = tensors_.weight(bias, {rows}),
                        .forward = matrix.forward,
                        .backward = matrix.backward,
                        .adapters = tensors_.adapters_of(offset, rows, columns)};
  };
  return {.input_norm = tensors_.weight(at.input_norm, {c.width}),
          .q_norm = tensors_.weight(at.q_norm, {c.head_dim}),
          .k_norm = tensors_.weight(at.k_norm, {c.head_dim}),
          .post_norm = tensors_.weight(at.post_norm, {c.width}),
          .qkv = linear(at.qkv, c.q_width() + 2 * c.kv_width(), c.width, at.qkv_bias, ready.qkv),
          .output = linear(at.output, c.width, c.q_width(), -1, ready.output),
          .gate_up = linear(at.gate_up, 2 * c.mlp, c.width, -1, ready.gate_up),
          .down = linear(at.down, c.width, c.mlp, -1, ready.down)};
}

LinearWeight Transformer::head(const Model& model, const TransformerOptions& options) const {
  const ModelConfig& c = config_;
  const std::int64_t head = model.layout.head();
  const Adapter* adapter = options.adapter;
  if (c.value_head && adapter != nullptr && adapter->head() >= 0)
    return {.weight = tensors_.leaf(adapter->head(), {1, c.width}),
            .bias = tensors_.leaf(adapter->head() + c.width, {1})};
  if (c.value_head)
    return {.weight = tensors_.weight(head, {1, c.width}),
            .bias = tensors_.weight(head + c.width, {1})};
  const PackedWeights::Matrix ready =
      options.packed != nullptr ? options.packed->head() : PackedWeights::Matrix();
  return {.weight = c.tied ? embedding_ : tensors_.weight(head, {c.vocab, c.width}),
          .bias = {},
          .forward = ready.forward,
          .backward = ready.backward};
}

Tensor Transformer::hidden(const Tensor& ids, const std::shared_ptr<const PackedShape>& shape) {
  rope_->ensure(shape->longest());
  const AttentionInput input = operators_.attention_input(config_, shape, rope_);
  Tensor x = operators_.embed(embedding_, ids);  // (N, D)
  for (const Layer& layer : layers_) {
    const auto pass = [this, &layer, input](const Tensor& from) {
      return layer_pass(layer, from, input);
    };
    x = recompute_ ? recomputed(pass, x) : pass(x);  // (N, D)
  }
  return operators_.rms_norm(x, final_norm_, config_.norm_eps);  // (N, D)
}

Tensor Transformer::layer_pass(const Layer& layer, const Tensor& x,
                               const AttentionInput& input) const {
  const Operators& op = operators_;
  const double eps = config_.norm_eps;
  const Tensor qkv = op.norm_linear(x, layer.input_norm, eps, layer.qkv);     // (N, (H + 2 KV) d)
  const Tensor heads = op.attention(qkv, layer.q_norm, layer.k_norm, input);  // (N, H d)
  const Tensor attended = op.linear(heads, layer.output, x);                  // (N, D)
  const Tensor gate_up = op.norm_linear(attended, layer.post_norm, eps, layer.gate_up);  // (N, 2F)
  return op.swiglu_linear(gate_up, layer.down, attended);                                // (N, D)
}

Tensor Transformer::values(const Tensor& rows) const {
  return at::linear(rows, head_.weight, head_.bias).squeeze(1).cpu();
}

Tensor Transformer::logits(const Tensor& rows) const {
  return operators_.linear(rows, head_, {}).cpu();
}

TokenDistribution Transformer::distribution(const Tensor& rows, const Tensor& targets,
                                            double temperature) const {
  return operators_.distribution(rows, head_, targets, temperature);
}

}  // namespace tinyzero
