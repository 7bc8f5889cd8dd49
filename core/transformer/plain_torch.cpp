#include "core/transformer/plain_torch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

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
  for (std::int64_t i = 0; i < c.layers; ++i) add_layer(w, layout.layer(i));
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

void PlainTorch::add_layer(const float* w, const LayerOffsets& at) {
  const ModelConfig& c = config_;
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

Tensor PlainTorch::embedded(const Tensor& ids) const { return at::embedding(embedding_, ids); }

// x (B, heads, T, d); tables (B, 1, T, d / 2).
Tensor PlainTorch::rotate(const Tensor& x, const Tensor& cosines, const Tensor& sines) const {
  const auto halves = x.chunk(2, -1);
  return at::cat({halves[0] * cosines - halves[1] * sines, halves[1] * cosines + halves[0] * sines},
                 -1);
}

Tensor PlainTorch::causal_attention(const Heads& h) const {
  return at::scaled_dot_product_attention(h.q, h.k, h.v, {}, 0.0, /*is_causal=*/true, std::nullopt,
                                          /*enable_gqa=*/true);
}

// New rows of a cache begin, or each row of it moves on by one position.
Tensor PlainTorch::cached_attention(std::size_t layer, const Heads& h, const CachePlace& place) {
  const std::int64_t batch = h.q.size(0), length = h.q.size(2);
  if (length > 1) {
    keys_[layer].index_put_({place.rows, Slice(), Slice(0, length)}, h.k);
    values_[layer].index_put_({place.rows, Slice(), Slice(0, length)}, h.v);
    return causal_attention(h);
  }
  const ModelConfig& c = config_;
  const Tensor at = place.positions.view({batch});  // (B)
  keys_[layer].index_put_({place.rows, Slice(), at}, h.k.squeeze(2));
  values_[layer].index_put_({place.rows, Slice(), at}, h.v.squeeze(2));
  // Heads that share keys become rows of one query.
  const Tensor group = h.q.view({batch, c.kv_heads, c.heads / c.kv_heads, c.head_dim});
  return at::scaled_dot_product_attention(group, keys_[layer].slice(2, 0, place.longest),
                                          values_[layer].slice(2, 0, place.longest), place.mask)
      .reshape({batch, c.heads, 1, c.head_dim});
}

Tensor PlainTorch::layers(Tensor x, CachePlace place) {
  const ModelConfig& c = config_;
  const std::int64_t batch = x.size(0), length = x.size(1);
  const Tensor cosines = cosines_.index({place.positions}).unsqueeze(1);  // (B, 1, T, d / 2)
  const Tensor sines = sines_.index({place.positions}).unsqueeze(1);      // (B, 1, T, d / 2)
  if (place.rows.defined() && length == 1)
    place.mask = at::arange(place.longest)
                     .view({1, 1, 1, place.longest})
                     .le(place.positions.view({batch, 1, 1, 1}));
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const Tensor qkv = at::linear(norm(x, layer.input_norm), layer.qkv)
                           .view({batch, length, c.heads + 2 * c.kv_heads, c.head_dim})
                           .transpose(1, 2);  // (B, H + 2 KV, T, d)
    Heads h{.q = qkv.slice(1, 0, c.heads),
            .k = qkv.slice(1, c.heads, c.heads + c.kv_heads),
            .v = qkv.slice(1, c.heads + c.kv_heads)};
    if (layer.q_norm.defined()) {
      h.q = norm(h.q, layer.q_norm);
      h.k = norm(h.k, layer.k_norm);
    }
    h.q = rotate(h.q, cosines, sines);
    h.k = rotate(h.k, cosines, sines);
    const Tensor out =
        place.rows.defined() ? cached_attention(i, h, place) : causal_attention(h);  // (B, H, T, d)
    x = x + at::linear(out.transpose(1, 2).reshape({batch, length, c.q_width()}), layer.output);
    const auto gate_up = at::linear(norm(x, layer.post_norm), layer.gate_up).chunk(2, -1);
    x = x + at::linear(at::silu(gate_up[0]) * gate_up[1], layer.down);  // (B, T, D)
  }
  return norm(x, final_norm_);
}

// Rows of a batch, each with a completion in work or free.
class PlainTorch::Rows {
 public:
  Rows(const std::vector<Prompt>& prompts, const std::vector<std::int64_t>& lengths,
       std::int64_t batch)
      : prompts_(prompts),
        lengths_(lengths),
        owner_(batch, -1),
        token_(batch),
        position_(batch),
        out_(lengths.size()) {}

  bool is_done() const { return running_ == 0 && next_ == std::ssize(lengths_); }
  bool is_idle() const { return running_ == 0; }
  std::vector<std::vector<std::int32_t>> take() { return std::move(out_); }

  // Free rows get the next completions, whose prompts' ids are appended to `ids`. Returns the rows.
  std::vector<std::int64_t> start(std::vector<std::int64_t>& ids) {
    const std::int64_t samples = prompts_.front().samples;
    std::vector<std::int64_t> fresh;
    for (std::int64_t row = 0; row < size() && next_ < std::ssize(lengths_); ++row) {
      if (owner_[row] >= 0) continue;
      const std::vector<std::int32_t>& prompt = prompts_[next_ / samples].ids;
      ids.insert(ids.end(), prompt.begin(), prompt.end());
      owner_[row] = next_++;
      position_[row] = std::ssize(prompt) - 1;
      fresh.push_back(row);
      ++running_;
    }
    return fresh;
  }

  void append(std::int64_t row, std::int64_t id) {
    std::vector<std::int32_t>& out = out_[owner_[row]];
    out.push_back(static_cast<std::int32_t>(id));
    token_[row] = id;
    if (std::ssize(out) < lengths_[owner_[row]]) return;
    owner_[row] = -1;
    --running_;
  }

  // Moves rows in work on by a position, and returns them.
  std::vector<std::int64_t> advance() {
    std::vector<std::int64_t> working;
    for (std::int64_t row = 0; row < size(); ++row) {
      if (owner_[row] < 0) continue;
      ++position_[row];
      working.push_back(row);
    }
    return working;
  }

  std::int64_t size() const { return std::ssize(owner_); }
  std::int64_t longest() const { return 1 + *std::max_element(position_.begin(), position_.end()); }
  Tensor tokens() const { return long_tensor(token_).view({size(), 1}); }
  Tensor positions() const { return long_tensor(position_).view({size(), 1}); }

 private:
  const std::vector<Prompt>& prompts_;
  const std::vector<std::int64_t>& lengths_;
  std::vector<std::int64_t> owner_;  // completion of each row; -1: free
  std::vector<std::int64_t> token_;
  std::vector<std::int64_t> position_;
  std::vector<std::vector<std::int32_t>> out_;
  std::int64_t next_ = 0;
  std::int64_t running_ = 0;
};

std::vector<std::vector<std::int32_t>> PlainTorch::decode(const std::vector<Prompt>& prompts,
                                                          const std::vector<std::int64_t>& lengths,
                                                          std::int64_t batch, std::uint64_t seed) {
  const c10::InferenceMode inference;
  const ModelConfig& c = config_;
  const std::int64_t prompt = std::ssize(prompts.front().ids);
  const std::int64_t capacity = prompt + *std::max_element(lengths.begin(), lengths.end());
  batch = std::min<std::int64_t>(batch, std::ssize(lengths));
  keys_.clear();
  values_.clear();
  for (std::int64_t i = 0; i < c.layers; ++i) {
    keys_.push_back(at::zeros({batch, c.kv_heads, capacity, c.head_dim}, type_));
    values_.push_back(at::zeros({batch, c.kv_heads, capacity, c.head_dim}, type_));
  }
  auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
  const auto sample = [&](const Tensor& states) {  // (B, D) -> (B)
    const Tensor p = at::linear(states, head_).to(at::kFloat).softmax(-1);
    return p.div(at::empty_like(p).exponential_(1, generator)).argmax(-1);
  };
  Rows rows(prompts, lengths, batch);
  const Tensor every_row = at::arange(batch);
  while (!rows.is_done()) {
    std::vector<std::int64_t> ids;
    const std::vector<std::int64_t> fresh = rows.start(ids);
    if (!fresh.empty()) {
      const std::int64_t n = std::ssize(fresh);
      const Tensor states = layers(embedded(long_tensor(ids).view({n, prompt})),
                                   {.positions = at::arange(prompt).expand({n, prompt}),
                                    .rows = long_tensor(fresh),
                                    .longest = prompt});
      const Tensor drawn = sample(states.select(1, prompt - 1));  // (fresh)
      for (std::int64_t i = 0; i < n; ++i) rows.append(fresh[i], drawn[i].item<std::int64_t>());
    }
    if (rows.is_idle()) continue;
    const std::vector<std::int64_t> working = rows.advance();
    const Tensor states =
        layers(embedded(rows.tokens()),
               {.positions = rows.positions(), .rows = every_row, .longest = rows.longest()});
    const Tensor drawn = sample(states.select(1, 0));  // (B)
    for (const std::int64_t row : working)
      rows.append(row, drawn.const_data_ptr<std::int64_t>()[row]);
  }
  return rows.take();
}

Tensor PlainTorch::completion_logp(const Tensor& ids, std::int64_t prompt) {
  const std::int64_t batch = ids.size(0), length = ids.size(1) - 1;
  const Tensor states = layers(embedded(ids.slice(1, 0, length)),
                               {.positions = at::arange(length).expand({batch, length})});
  const Tensor logp = at::linear(states.slice(1, prompt - 1), head_)
                          .to(at::kFloat)
                          .log_softmax(-1);  // (B, T - prompt, V)
  return logp.gather(2, ids.slice(1, prompt).unsqueeze(2)).squeeze(2);
}

namespace {

// Sequences side by side, padded at their ends: ids (B, T), and mask (B, T) with 1 for completions.
struct Padded {
  Tensor ids;
  Tensor mask;
};

Padded padded(const std::vector<const std::vector<std::int32_t>*>& sequences, std::int64_t prompt) {
  const std::int64_t rows = std::ssize(sequences), longest = std::ssize(*sequences.front());
  Padded out{at::zeros({rows, longest}, at::kLong), at::zeros({rows, longest}, at::kFloat)};
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::vector<std::int32_t>& sequence = *sequences[r];
    std::copy(sequence.begin(), sequence.end(),
              out.ids.mutable_data_ptr<std::int64_t>() + r * longest);
    out.mask[r].slice(0, prompt, std::ssize(sequence)).fill_(1);
  }
  return out;
}

}  // namespace

double PlainTorch::train(const std::vector<std::vector<std::int32_t>>& sequences,
                         std::int64_t prompt, std::int64_t tokens) {
  std::vector<const std::vector<std::int32_t>*> order;  // the longest first
  for (const auto& sequence : sequences) order.push_back(&sequence);
  std::sort(order.begin(), order.end(),
            [](const auto* a, const auto* b) { return a->size() > b->size(); });
  double count = 0, loss = 0;
  for (const auto& sequence : sequences) count += std::ssize(sequence) - prompt;
  for (std::int64_t first = 0; first < std::ssize(order);) {
    const std::int64_t rows =
        std::clamp<std::int64_t>(tokens / std::ssize(*order[first]), 1, std::ssize(order) - first);
    const Padded batch = padded({order.begin() + first, order.begin() + first + rows}, prompt);
    Tensor value;
    {
      const Autocast bf16(type_ == at::kBFloat16);
      const Tensor logp = completion_logp(batch.ids, prompt);  // (B, T - prompt)
      value = -((logp - logp.detach()).exp() * batch.mask.slice(1, prompt)).sum() / count;
    }
    torch::autograd::backward({value}, {});
    loss += value.item<double>();
    first += rows;
  }
  adamw_step();
  return loss;
}

void PlainTorch::adamw_step() {
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
}

}  // namespace tinyzero
