#include "core/transformer/plain_torch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/model/rope.h"

namespace tinyzero {
namespace {

using at::Tensor;
using at::indexing::Slice;

// bf16 products in this scope, as LibTorch's autocast makes them.
class Autocast {
 public:
  explicit Autocast(bool on) : before_(at::autocast::is_autocast_enabled(at::kCPU)) {
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, on);
  }
  ~Autocast() {
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, before_);
  }

 private:
  bool before_;
};

Tensor long_tensor(const std::vector<std::int64_t>& values) {
  return at::tensor(values, at::kLong);
}

}  // namespace

PlainTorch::PlainTorch(const Model& model, at::ScalarType type, bool trainable)
    : config_(model.config), type_(trainable ? at::kFloat : type), trainable_(trainable) {
  const ModelConfig& c = config_;
  const float* w = model.weights.data();
  const ParameterLayout& layout = model.layout;
  embedding_ = parameter(w + layout.embedding(), {c.vocab, c.width});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const LayerOffsets& at = layout.layer(i);
    Layer layer;
    layer.input_norm = parameter(w + at.input_norm, {c.width});
    layer.qkv = parameter(w + at.qkv, {c.q_width() + 2 * c.kv_width(), c.width});
    if (c.qk_norm) {
      layer.q_norm = parameter(w + at.q_norm, {c.head_dim});
      layer.k_norm = parameter(w + at.k_norm, {c.head_dim});
    }
    layer.output = parameter(w + at.output, {c.width, c.q_width()});
    layer.post_norm = parameter(w + at.post_norm, {c.width});
    layer.gate_up = parameter(w + at.gate_up, {2 * c.mlp, c.width});
    layer.down = parameter(w + at.down, {c.width, c.mlp});
    layers_.push_back(layer);
  }
  final_norm_ = parameter(w + layout.final_norm(), {c.width});
  head_ = c.tied ? embedding_ : parameter(w + layout.head(), {c.vocab, c.width});
  RopeTable rope(c);
  rope.ensure(c.context);
  const auto table = [&](const float* row) {
    return at::from_blob(const_cast<float*>(row), {c.context, c.head_dim / 2}, at::kFloat)
        .clone()
        .to(type_);
  };
  cosines_ = table(rope.cosines(0));
  sines_ = table(rope.sines(0));
  type_ = type;
}

Tensor PlainTorch::parameter(const float* from, std::vector<std::int64_t> shape) {
  Tensor weight = at::from_blob(const_cast<float*>(from), shape, at::kFloat).clone().to(type_);
  if (!trainable_) return weight;
  weight.set_requires_grad(true);
  parameters_.push_back(weight);
  first_.push_back(at::zeros_like(weight));
  second_.push_back(at::zeros_like(weight));
  return weight;
}

Tensor PlainTorch::norm(const Tensor& x, const Tensor& weight) const {
  return at::rms_norm(x, {x.size(-1)}, weight, config_.norm_eps);
}

// x (B, heads, T, d); tables (B, 1, T, d / 2).
Tensor PlainTorch::rotate(const Tensor& x, const Tensor& cosines, const Tensor& sines) const {
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0] * cosines - halves[1] * sines, halves[1] * cosines + halves[0] * sines},
                 -1);
}

Tensor PlainTorch::layers(Tensor x, const Tensor& positions, const Tensor& rows,
                          std::int64_t longest) {
  const ModelConfig& c = config_;
  const std::int64_t batch = x.size(0), length = x.size(1), d = c.head_dim;
  const Tensor cosines = cosines_.index({positions}).unsqueeze(1),
               sines = sines_.index({positions}).unsqueeze(1);
  const bool cached = rows.defined();
  Tensor mask;  // (B, 1, T, longest)
  if (cached && length == 1)
    mask = at::arange(longest).view({1, 1, 1, longest}).le(positions.view({batch, 1, length, 1}));
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const auto qkv = at::linear(norm(x, layer.input_norm), layer.qkv)
                         .view({batch, length, c.heads + 2 * c.kv_heads, d})
                         .transpose(1, 2);
    Tensor q = qkv.slice(1, 0, c.heads), k = qkv.slice(1, c.heads, c.heads + c.kv_heads),
           v = qkv.slice(1, c.heads + c.kv_heads);
    if (layer.q_norm.defined()) {
      q = norm(q, layer.q_norm);
      k = norm(k, layer.k_norm);
    }
    q = rotate(q, cosines, sines);
    k = rotate(k, cosines, sines);
    Tensor out;
    if (!cached) {
      out = at::scaled_dot_product_attention(q, k, v, {}, 0.0, true, std::nullopt, true);
    } else if (length > 1) {  // new rows begin
      keys_[i].index_put_({rows, Slice(), Slice(0, length)}, k);
      values_[i].index_put_({rows, Slice(), Slice(0, length)}, v);
      out = at::scaled_dot_product_attention(q, k, v, {}, 0.0, true, std::nullopt, true);
    } else {
      const Tensor at = positions.view({batch});
      keys_[i].index_put_({rows, Slice(), at}, k.squeeze(2));
      values_[i].index_put_({rows, Slice(), at}, v.squeeze(2));
      const Tensor group = q.view({batch, c.kv_heads, c.heads / c.kv_heads,
                                   d});  // heads that share keys, as rows of one query
      out = at::scaled_dot_product_attention(group, keys_[i].slice(2, 0, longest),
                                             values_[i].slice(2, 0, longest), mask)
                .reshape({batch, c.heads, 1, d});
    }
    x = x + at::linear(out.transpose(1, 2).reshape({batch, length, c.q_width()}), layer.output);
    const auto gate_up = at::linear(norm(x, layer.post_norm), layer.gate_up).chunk(2, -1);
    x = x + at::linear(at::silu(gate_up[0]) * gate_up[1], layer.down);
  }
  return norm(x, final_norm_);
}

std::vector<std::vector<std::int32_t>> PlainTorch::decode(const std::vector<Prompt>& prompts,
                                                          const std::vector<std::int64_t>& lengths,
                                                          std::int64_t batch, std::uint64_t seed) {
  const c10::InferenceMode inference;
  const ModelConfig& c = config_;
  const std::int64_t total = std::ssize(lengths), prompt = std::ssize(prompts.front().ids),
                     samples = prompts.front().samples;
  batch = std::min(batch, total);
  const std::int64_t room = prompt + *std::max_element(lengths.begin(), lengths.end());
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  keys_.clear();
  values_.clear();
  for (std::int64_t i = 0; i < c.layers; ++i) {
    keys_.push_back(at::zeros({batch, c.kv_heads, room, c.head_dim}, type_));
    values_.push_back(at::zeros({batch, c.kv_heads, room, c.head_dim}, type_));
  }
  const auto sample = [&](const Tensor& states) {  // (B, D) -> (B)
    const Tensor p = at::linear(states, head_).to(at::kFloat).softmax(-1);
    return p.div(at::empty_like(p).exponential_(1, generator)).argmax(-1);
  };

  std::vector<std::vector<std::int32_t>> out(lengths.size());
  std::vector<std::int64_t> owner(batch, -1);  // completion of each row
  std::vector<std::int64_t> token(batch), position(batch);
  const Tensor every_row = at::arange(batch);
  std::int64_t next = 0, running = 0;
  const auto append = [&](std::int64_t row, std::int64_t id) {
    const auto r = static_cast<std::size_t>(row), o = static_cast<std::size_t>(owner[r]);
    out[o].push_back(static_cast<std::int32_t>(id));
    token[r] = id;
    if (std::ssize(out[o]) < lengths[o]) return;
    owner[r] = -1;
    --running;
  };
  while (true) {
    std::vector<std::int64_t> fresh, ids;
    for (std::int64_t row = 0; row < batch && next < total; ++row) {
      if (owner[row] >= 0) continue;
      owner[row] = next;
      position[row] = prompt - 1;
      fresh.push_back(row);
      const auto& from = prompts[next / samples].ids;
      ids.insert(ids.end(), from.begin(), from.end());
      ++next;
      ++running;
    }
    if (!fresh.empty()) {
      const auto n = std::ssize(fresh);
      const Tensor states =
          layers(at::embedding(embedding_, long_tensor(ids).view({n, prompt})),
                 at::arange(prompt).expand({n, prompt}), long_tensor(fresh), prompt);
      const Tensor drawn = sample(states.select(1, prompt - 1));
      for (std::size_t i = 0; i < fresh.size(); ++i)
        append(fresh[i], drawn[static_cast<std::int64_t>(i)].item<std::int64_t>());
    }
    if (running == 0) {
      if (next == total) return out;
      continue;
    }
    for (std::int64_t row = 0; row < batch; ++row) position[row] += owner[row] >= 0;
    const std::int64_t longest = 1 + *std::max_element(position.begin(), position.end());
    const Tensor states = layers(at::embedding(embedding_, long_tensor(token).view({batch, 1})),
                                 long_tensor(position).view({batch, 1}), every_row, longest);
    const Tensor drawn = sample(states.select(1, 0));
    const std::int64_t* id = drawn.const_data_ptr<std::int64_t>();
    for (std::int64_t row = 0; row < batch; ++row) {
      if (owner[row] >= 0) append(row, id[row]);
    }
  }
}

Tensor PlainTorch::completion_logp(const Tensor& ids, std::int64_t prompt) {
  const std::int64_t batch = ids.size(0), length = ids.size(1) - 1;
  const Tensor states = layers(at::embedding(embedding_, ids.slice(1, 0, length)),
                               at::arange(length).expand({batch, length}), {}, length);
  const Tensor logp = at::linear(states.slice(1, prompt - 1), head_)
                          .to(at::kFloat)
                          .log_softmax(-1);  // (B, T - prompt, V)
  return logp.gather(2, ids.slice(1, prompt).unsqueeze(2)).squeeze(2);
}

double PlainTorch::train(const std::vector<std::vector<std::int32_t>>& sequences,
                         std::int64_t prompt, std::int64_t tokens) {
  std::vector<std::size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sequences[a].size() > sequences[b].size();
  });
  double count = 0, loss = 0;
  for (const auto& sequence : sequences)
    count += static_cast<double>(sequence.size()) - static_cast<double>(prompt);
  for (std::size_t first = 0; first < order.size();) {
    const std::size_t longest = sequences[order[first]].size();
    const std::size_t rows = std::clamp<std::size_t>(static_cast<std::size_t>(tokens) / longest, 1,
                                                     order.size() - first);
    Tensor ids = at::zeros({static_cast<std::int64_t>(rows), static_cast<std::int64_t>(longest)},
                           at::kLong),
           mask = at::zeros_like(ids, at::kFloat);
    for (std::size_t r = 0; r < rows; ++r) {
      const auto& sequence = sequences[order[first + r]];
      for (std::size_t t = 0; t < sequence.size(); ++t)
        ids.mutable_data_ptr<std::int64_t>()[r * longest + t] = sequence[t];
      for (std::size_t t = prompt; t < sequence.size(); ++t)
        mask.mutable_data_ptr<float>()[r * longest + t] = 1;
    }
    Tensor value;
    {
      const Autocast bf16(type_ == at::kBFloat16);
      const Tensor logp = completion_logp(ids, prompt);
      value = -((logp - logp.detach()).exp() * mask.slice(1, prompt)).sum() / count;
    }
    torch::autograd::backward({value}, {});
    loss += value.item<double>();
    first += rows;
  }
  const c10::NoGradGuard no_grad;
  std::vector<Tensor> gradients;
  double squares = 0;
  for (const Tensor& p : parameters_) {
    gradients.push_back(p.grad());
    squares += gradients.back().square().sum().item<double>();
  }
  for (Tensor& g : gradients) g.mul_(std::min(1.0, 1.0 / std::sqrt(squares)));
  const std::vector<Tensor> step(parameters_.size(),
                                 at::full({}, static_cast<double>(++steps_), at::kFloat));
  at::_fused_adamw_(parameters_, gradients, first_, second_, {}, step, 1e-5, 0.9, 0.99, 0.0, 1e-8,
                    false, false);
  for (Tensor& g : gradients) g.zero_();
  return loss;
}

}  // namespace tinyzero
