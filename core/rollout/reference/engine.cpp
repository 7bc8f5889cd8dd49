#include "core/rollout/reference/engine.h"

#include <algorithm>

#include "core/model/operators.h"
#include "core/model/reference.h"
#include "core/rollout/prompt_check.h"
#include "core/rollout/sampler.h"

namespace tinyzero {

using at::Tensor;

ReferenceEngine::ReferenceEngine(const Model& model, at::Device device)
    : model_(model), device_(device), rope_(std::make_shared<RopeTable>(model.config)) {
  check_draws_tokens(model.config);
  refresh();
}

void ReferenceEngine::refresh() {
  weights_ = at::from_blob(const_cast<float*>(model_.weights.data()), {model_.layout.size()}, at::kFloat).to(device_);
}

Tensor ReferenceEngine::weight(std::int64_t offset, std::vector<std::int64_t> shape) const {
  if (offset < 0) return {};
  std::int64_t size = 1;
  for (const std::int64_t n : shape) size *= n;
  return weights_.narrow(0, offset, size).view(shape);
}

Tensor ReferenceEngine::hidden(const std::vector<std::int32_t>& ids) {
  const ModelConfig& c = model_.config;
  const auto length = static_cast<std::int64_t>(ids.size());
  const auto shape = std::make_shared<PackedShape>();
  shape->add(length);
  rope_->ensure(length);
  const AttentionInput input{c.heads, c.kv_heads, c.head_dim, c.norm_eps, shape, rope_};
  const std::int64_t qkv_width = c.q_width() + 2 * c.kv_width();
  const Tensor index = at::from_blob(const_cast<std::int32_t*>(ids.data()), {length}, at::kInt).to(device_).to(at::kLong);  // (T)
  Tensor x = weight(model_.layout.embedding(), {c.vocab, c.width}).index_select(0, index);                                  // (T, D)
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const LayerOffsets& at = model_.layout.layer(static_cast<std::size_t>(i));
    const Tensor normed = reference_rms_norm(x, weight(at.input_norm, {c.width}), c.norm_eps);  // (T, D)
    Tensor qkv = at::matmul(normed, weight(at.qkv, {qkv_width, c.width}).t());                  // (T, q + 2 kv)
    if (at.qkv_bias >= 0) qkv = qkv + weight(at.qkv_bias, {qkv_width});
    const Tensor attended = reference_attention(qkv, weight(at.q_norm, {c.head_dim}), weight(at.k_norm, {c.head_dim}), input);  // (T, q)
    x = x + at::matmul(attended, weight(at.output, {c.width, c.q_width()}).t());                                                // (T, D)
    const Tensor inner = reference_rms_norm(x, weight(at.post_norm, {c.width}), c.norm_eps);                                    // (T, D)
    const Tensor gate_up = at::matmul(inner, weight(at.gate_up, {2 * c.mlp, c.width}).t());                                     // (T, 2F)
    x = x + at::matmul(reference_swiglu(gate_up), weight(at.down, {c.width, c.mlp}).t());                                       // (T, D)
  }
  return reference_rms_norm(x, weight(model_.layout.final_norm(), {c.width}), c.norm_eps);
}

Tensor ReferenceEngine::logits(const Tensor& rows) const {
  const ModelConfig& c = model_.config;
  return at::matmul(rows, weight(model_.layout.head(), {c.vocab, c.width}).t()).cpu().contiguous();
}

std::vector<Episode> ReferenceEngine::generate(const std::vector<Prompt>& prompts, const Sampling& sampling) {
  const c10::InferenceMode no_gradients;
  statistics_ = {};
  std::vector<Episode> episodes;
  for (const Prompt& prompt : prompts) check_ids(model_.config, prompt.ids, sampling.max_tokens);
  std::vector<std::int32_t> order;
  for (std::size_t p = 0; p < prompts.size(); ++p) {
    statistics_.prompt_tokens += static_cast<std::int64_t>(prompts[p].ids.size());
    for (std::int64_t s = 0; s < prompts[p].samples; ++s) {
      Episode episode{static_cast<std::int64_t>(p), s, {}, {}, End::length};
      const std::int64_t limit = sampling.lengths.empty() ? sampling.max_tokens : sampling.lengths[episodes.size()];
      const std::uint64_t stream = sample_stream(sampling, p, s);
      std::vector<std::int32_t> ids = prompts[p].ids;
      while (episode.end == End::length && static_cast<std::int64_t>(episode.tokens.size()) < limit) {
        Tensor last = logits(hidden(ids).narrow(0, static_cast<std::int64_t>(ids.size()) - 1, 1));
        const DrawnToken token =
            draw_token(kernels(), last.mutable_data_ptr<float>(), model_.config.vocab, sampling, stream, episode.tokens.size(), order);
        ids.push_back(token.id);
        episode.tokens.push_back(token.id);
        episode.logp.push_back(token.logp);
        if (sampling.on_token && prompts.size() == 1 && prompts.front().samples == 1) sampling.on_token(token.id);
        if (sampling.lengths.empty() && std::find(sampling.eos.begin(), sampling.eos.end(), token.id) != sampling.eos.end())
          episode.end = End::eos;
      }
      statistics_.tokens += static_cast<std::int64_t>(episode.tokens.size());
      episodes.push_back(std::move(episode));
    }
  }
  statistics_.slot_use = episodes.empty() ? 0 : 1;
  return episodes;
}

std::vector<std::vector<float>> ReferenceEngine::score(const std::vector<std::vector<std::int32_t>>& sequences, double temperature) {
  const c10::InferenceMode no_gradients;
  for (const auto& ids : sequences) check_ids(model_.config, ids, 0);
  std::vector<std::vector<float>> out;
  for (const auto& ids : sequences) {
    out.emplace_back();
    const Tensor states = hidden(ids);  // (T, D)
    for (std::size_t first = 0; first + 1 < ids.size(); first += kLogitRows) {
      const std::size_t last = std::min(ids.size() - 1, first + static_cast<std::size_t>(kLogitRows));
      const Tensor logp =
          (logits(states.slice(0, static_cast<std::int64_t>(first), static_cast<std::int64_t>(last))) / temperature).log_softmax(-1);
      const float* rows = logp.const_data_ptr<float>();
      for (std::size_t t = first; t < last; ++t)
        out.back().push_back(rows[static_cast<std::int64_t>(t - first) * model_.config.vocab + ids[t + 1]]);
    }
  }
  return out;
}

}  // namespace tinyzero
