#include "core/model/parameters.h"

#include <sys/mman.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>
#include <numbers>

#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

// A number of a normal distribution around 0, by Box and Muller.
double normal(double deviation, Rng& rng) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.uniform()));
  return deviation * radius * std::cos(2.0 * std::numbers::pi * rng.uniform());
}

}  // namespace

ParameterLayout::ParameterLayout(const ModelConfig& c) {
  add("model.embed_tokens.weight", {c.vocab, c.width});
  for (std::int64_t i = 0; i < c.layers; ++i)
    layers_.push_back(add_layer(c, "model.layers." + std::to_string(i) + "."));
  final_norm_ = add("model.norm.weight", {c.width});
  if (c.value_head) {
    head_ = add("score.weight", {1, c.width});
    add("score.bias", {1});
  } else {
    head_ = c.tied ? embedding() : add("lm_head.weight", {c.vocab, c.width});
  }
}

LayerOffsets ParameterLayout::add_layer(const ModelConfig& c, const std::string& prefix) {
  const auto attention = [&](const char* name, std::vector<std::int64_t> shape) {
    return add(prefix + "self_attn." + name, std::move(shape));
  };
  LayerOffsets at;
  at.input_norm = add(prefix + "input_layernorm.weight", {c.width});
  at.qkv = attention("q_proj.weight", {c.q_width(), c.width});
  attention("k_proj.weight", {c.kv_width(), c.width});
  attention("v_proj.weight", {c.kv_width(), c.width});
  if (c.qkv_bias) {
    at.qkv_bias = attention("q_proj.bias", {c.q_width()});
    attention("k_proj.bias", {c.kv_width()});
    attention("v_proj.bias", {c.kv_width()});
  }
  if (c.qk_norm) {
    at.q_norm = attention("q_norm.weight", {c.head_dim});
    at.k_norm = attention("k_norm.weight", {c.head_dim});
  }
  at.output = attention("o_proj.weight", {c.width, c.q_width()});
  at.post_norm = add(prefix + "post_attention_layernorm.weight", {c.width});
  at.gate_up = add(prefix + "mlp.gate_proj.weight", {c.mlp, c.width});
  add(prefix + "mlp.up_proj.weight", {c.mlp, c.width});
  at.down = add(prefix + "mlp.down_proj.weight", {c.width, c.mlp});
  return at;
}

std::int64_t ParameterLayout::add(const std::string& name, std::vector<std::int64_t> shape) {
  ParameterSlot slot{.name = name, .shape = std::move(shape), .offset = size_, .size = 1};
  for (const std::int64_t n : slot.shape) slot.size *= n;
  size_ += slot.size;
  slots_.push_back(std::move(slot));
  return slots_.back().offset;
}

FloatBuffer::FloatBuffer(std::int64_t size) : FloatBuffer(uninitialized(size)) {
  std::memset(data_.get(), 0, size * sizeof(float));
}

FloatBuffer FloatBuffer::uninitialized(std::int64_t size) {
  FloatBuffer buffer;
  const std::size_t wanted = size * sizeof(float);
  const std::size_t alignment = wanted >= kHugePage ? kHugePage : 64;
  const std::size_t bytes = std::max((wanted + alignment - 1) / alignment * alignment, alignment);
  buffer.data_.reset(static_cast<float*>(std::aligned_alloc(alignment, bytes)));
  if (!buffer.data_) throw std::bad_alloc();
  // Only advice: huge pages mean fewer misses of the address cache.
  if (alignment == kHugePage) madvise(buffer.data_.get(), bytes, MADV_HUGEPAGE);
  buffer.size_ = size;
  return buffer;
}

void FloatBuffer::Free::operator()(float* p) const { std::free(p); }

Model::Model(ModelConfig c) : config(std::move(c)), layout(config), weights(layout.size()) {}
Model::Model(ModelConfig c, FloatBuffer w)
    : config(std::move(c)), layout(config), weights(std::move(w)) {}

void initialize(Model& model, std::uint64_t seed) {
  const double residual = 1.0 / std::sqrt(2.0 * static_cast<double>(model.config.layers));
  for (std::size_t i = 0; i < model.layout.slots().size(); ++i) {
    const ParameterSlot& slot = model.layout.slots()[i];
    float* w = model.weights.data() + slot.offset;
    if (slot.shape.size() == 1) {
      std::fill_n(w, slot.size, slot.name.ends_with(".bias") ? 0.0f : 1.0f);
      continue;
    }
    const bool back =
        slot.name.ends_with("o_proj.weight") || slot.name.ends_with("down_proj.weight");
    const double deviation = 0.02 * (back ? residual : 1.0);
    Rng rng(seed, {i});
    for (std::int64_t k = 0; k < slot.size; ++k) w[k] = static_cast<float>(normal(deviation, rng));
  }
}

Model auxiliary_model_of(const Model& policy, bool value_head) {
  ModelConfig config = policy.config;
  config.value_head = value_head;
  Model model(config);
  model.companions = policy.companions;
  for (const ParameterSlot& slot : model.layout.slots()) {
    const auto& slots = policy.layout.slots();
    const auto same = std::find_if(slots.begin(), slots.end(), [&](const ParameterSlot& other) {
      return other.name == slot.name;
    });
    if (same != slots.end())
      std::copy_n(policy.weights.data() + same->offset, slot.size,
                  model.weights.data() + slot.offset);
  }
  return model;
}

}  // namespace tinyzero
