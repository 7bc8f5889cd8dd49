#include "core/rollout/cuda/pass.h"

#include <algorithm>

namespace tinyzero {
namespace {

constexpr std::int64_t kMostHeadDim = 256;

// Bytes of each of a pass's buffers.
struct Sizes {
  std::int64_t angles, prompt_store, slot_store, rows, groups, drawn, scores, hidden, normed, qkv,
      parts, attended, gate_up, inner, logits;

  std::int64_t all() const {
    return 2 * (angles + prompt_store + slot_store) + rows + groups + drawn + scores + hidden +
           normed + qkv + parts + attended + gate_up + inner + logits;
  }
};

// Parts of a prompt, and of a row over its own store, which is a slot or, for a prompt's row, the
// prompt.
template <class T>
std::int64_t prompt_parts(const ModelConfig& c, const PassRoom& room) {
  return parts_of<T>(room.prompt_length, c.head_dim);
}
template <class T>
std::int64_t own_parts(const ModelConfig& c, const PassRoom& room) {
  return parts_of<T>(std::max(room.slot_length, room.prompt_length), c.head_dim);
}

template <class T>
Sizes sizes_of(const ModelConfig& c, const PassRoom& room) {
  constexpr std::int64_t kFloat = sizeof(float), kNumber = sizeof(T);
  const std::int64_t position = c.layers * c.kv_width() * kNumber, rows = room.rows;
  const std::int64_t parts = prompt_parts<T>(c, room) + own_parts<T>(c, room);
  return {(room.prompt_length + room.slot_length) * c.head_dim / 2 * kFloat,
          room.prompts * room.prompt_length * position,
          room.slots * room.slot_length * position,
          rows * static_cast<std::int64_t>(sizeof(DeviceRow)),
          rows * static_cast<std::int64_t>(sizeof(PromptRows)),
          rows * room.looks * static_cast<std::int64_t>(sizeof(Drawn)),
          rows * kFloat,
          rows * c.width * kFloat,
          rows * c.width * kNumber,
          rows * (c.q_width() + 2 * c.kv_width()) * kFloat,
          rows * c.heads * parts * (c.head_dim + 2) * kFloat,
          rows * c.q_width() * kNumber,
          rows * 2 * c.mlp * kFloat,
          rows * c.mlp * kNumber,
          rows * c.vocab * kFloat};
}

Sizes sizes_of(const ModelConfig& c, Dtype dtype, const PassRoom& room) {
  return dtype == Dtype::bf16 ? sizes_of<Bf16>(c, room) : sizes_of<float>(c, room);
}

}  // namespace

std::int64_t DevicePass::bytes(const ModelConfig& c, Dtype dtype, const PassRoom& room) {
  return sizes_of(c, dtype, room).all();
}

std::string DevicePass::unsupported(const ModelConfig& c, Dtype dtype) {
  const std::int64_t unit =
      16 / bytes_of(dtype);  // numbers in 16 bytes, which is what is copied at once
  const auto number = [](std::int64_t n) { return std::to_string(n); };
  if (c.head_dim > kMostHeadDim)
    return "heads of " + number(c.head_dim) + " components, the kernels take " +
           number(kMostHeadDim) + " at most";
  for (const auto& [what, size] : {std::pair{"heads", c.head_dim},
                                   {"a width", c.width},
                                   {"an MLP", c.mlp},
                                   {"queries", c.q_width()}}) {
    if (size % unit != 0)
      return std::string(what) + " of " + number(size) +
             " components, the kernels take multiples of " + number(unit) + " in " + name_of(dtype);
  }
  return "";
}

DevicePass::DevicePass(std::shared_ptr<Device> device, const ModelConfig& config,
                       const DeviceWeights& weights, const PassRoom& room)
    : device_(std::move(device)), config_(config), weights_(weights), room_(room) {
  const Sizes sizes = sizes_of(config, weights.dtype, room);
  const auto take = [&](std::int64_t bytes) {
    return DeviceBuffer(device_, std::max<std::int64_t>(bytes, 1));
  };
  cosines_ = take(sizes.angles);
  sines_ = take(sizes.angles);
  prompt_keys_ = take(sizes.prompt_store);
  prompt_values_ = take(sizes.prompt_store);
  slot_keys_ = take(sizes.slot_store);
  slot_values_ = take(sizes.slot_store);
  rows_ = take(sizes.rows);
  groups_ = take(sizes.groups);
  settings_ = take(sizeof(DrawSettings));
  drawn_ = take(sizes.drawn);
  scores_ = take(sizes.scores);
  hidden_ = take(sizes.hidden);
  normed_ = take(sizes.normed);
  qkv_ = take(sizes.qkv);
  parts_ = take(sizes.parts);
  attended_ = take(sizes.attended);
  gate_up_ = take(sizes.gate_up);
  inner_ = take(sizes.inner);
  logits_ = take(sizes.logits);
  RopeTable rope(config);
  rope.ensure(room.prompt_length + room.slot_length);
  device_->upload(cosines_.as<float>(), rope.cosines(0), sizes.angles);
  device_->upload(sines_.as<float>(), rope.sines(0), sizes.angles);
}

void DevicePass::set_rows(const std::vector<DeviceRow>& rows) {
  device_->upload(rows_.as<DeviceRow>(), rows.data(), rows.size() * sizeof(DeviceRow));
}

void DevicePass::set_groups(const std::vector<PromptRows>& groups) {
  device_->upload(groups_.as<PromptRows>(), groups.data(), groups.size() * sizeof(PromptRows));
}

void DevicePass::set_draws(const DrawSettings& settings) {
  device_->upload(settings_.as<DrawSettings>(), &settings, sizeof settings);
}

std::vector<DeviceRow> DevicePass::rows(std::int64_t count) const {
  std::vector<DeviceRow> out(count);
  device_->download(out.data(), rows_.as<DeviceRow>(), out.size() * sizeof(DeviceRow));
  return out;
}

std::vector<Drawn> DevicePass::drawn(std::int64_t count) const {
  std::vector<Drawn> out(count * room_.looks);
  device_->download(out.data(), drawn_.as<Drawn>(), out.size() * sizeof(Drawn));
  return out;
}

std::vector<float> DevicePass::scores(std::int64_t count) const {
  std::vector<float> out(count);
  device_->download(out.data(), scores_.as<float>(), out.size() * sizeof(float));
  return out;
}

void DevicePass::multiply(const void* x, const void* w, const float* bias, float* y, std::int64_t m,
                          std::int64_t n, std::int64_t k, bool add) {
  device_->multiply({x, w, bias, y, m, n, k, weights_.dtype, add});
}

template <class T>
KvLayer<T> DevicePass::layer_store(const DeviceBuffer& keys, const DeviceBuffer& values,
                                   std::int64_t layer, std::int64_t sequences,
                                   std::int64_t length) const {
  const std::int64_t start = layer * sequences * length * config_.kv_width();
  return {keys.as<T>() + start, values.as<T>() + start, config_.kv_heads, length, config_.head_dim};
}

template <class T>
void DevicePass::norm(const float* weight, std::int64_t count) {
  device_->launch(RmsNorm<T>{hidden_.as<float>(), weight, normed_.as<T>(), count, config_.width,
                             static_cast<float>(config_.norm_eps)});
}

template <class T>
void DevicePass::attention(Kind kind, std::int64_t layer, std::int64_t count) {
  const ModelConfig& c = config_;
  const DeviceLayerWeights& weights = weights_.layers[layer];
  const DeviceRow* rows = rows_.as<DeviceRow>();
  const KvLayer<T> prompts = layer_store<T>(prompt_keys_, prompt_values_, layer, room_.prompts,
                                            room_.prompt_length),
                   slots = layer_store<T>(slot_keys_, slot_values_, layer, room_.slots,
                                          room_.slot_length);
  device_->launch(RotateAndStore<T>{rows, qkv_.as<float>(), weights.q_norm, weights.k_norm,
                                    cosines_.as<float>(), sines_.as<float>(), prompts, slots, count,
                                    c.heads, static_cast<float>(c.norm_eps)});
  const std::int64_t in_prompt = prompt_parts<T>(c, room_);
  const AttentionParts parts{parts_.as<float>(), c.heads, in_prompt + own_parts<T>(c, room_),
                             in_prompt, c.head_dim};
  if (kind == Kind::prompts) {
    device_->launch(
        Attend<T>{rows, nullptr, qkv_.as<float>(), prompts, parts, count, room_.prompt_length});
  } else {
    device_->launch(Attend<T>{rows, groups_.as<PromptRows>(), qkv_.as<float>(), prompts, parts,
                              count, room_.prompt_length});
    device_->launch(
        Attend<T>{rows, nullptr, qkv_.as<float>(), slots, parts, count, room_.slot_length});
  }
  device_->launch(Combine<T>{rows, parts, attended_.as<T>(), count});
}

template <class T>
void DevicePass::layers(Kind kind, std::int64_t count) {
  const ModelConfig& c = config_;
  float* hidden = hidden_.as<float>();
  device_->launch(Embed<T>{rows_.as<DeviceRow>(), static_cast<const T*>(weights_.embedding), hidden,
                           count, c.width});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const DeviceLayerWeights& layer = weights_.layers[i];
    norm<T>(layer.input_norm, count);
    multiply(normed_.as<T>(), layer.qkv, layer.qkv_bias, qkv_.as<float>(), count,
             c.q_width() + 2 * c.kv_width(), c.width, false);
    attention<T>(kind, i, count);
    multiply(attended_.as<T>(), layer.output, nullptr, hidden, count, c.width, c.q_width(), true);
    norm<T>(layer.post_norm, count);
    multiply(normed_.as<T>(), layer.gate_up, nullptr, gate_up_.as<float>(), count, 2 * c.mlp,
             c.width, false);
    device_->launch(SwiGlu<T>{gate_up_.as<float>(), inner_.as<T>(), count, c.mlp});
    multiply(inner_.as<T>(), layer.down, nullptr, hidden, count, c.width, c.mlp, true);
  }
}

template <class T>
void DevicePass::logits(std::int64_t count) {
  norm<T>(weights_.final_norm, count);
  multiply(normed_.as<T>(), weights_.head, nullptr, logits_.as<float>(), count, config_.vocab,
           config_.width, false);
}

void DevicePass::run(Kind kind, std::int64_t count) {
  if (weights_.dtype == Dtype::bf16) layers<Bf16>(kind, count);
  else layers<float>(kind, count);
}

void DevicePass::run_logits(std::int64_t count) {
  if (weights_.dtype == Dtype::bf16) logits<Bf16>(count);
  else logits<float>(count);
}

void DevicePass::prompts(std::int64_t count) { run(Kind::prompts, count); }

void DevicePass::score(std::int64_t count) {
  run(Kind::prompts, count);
  run_logits(count);
  device_->launch(ScoreTargets{rows_.as<DeviceRow>(), logits_.as<float>(),
                               settings_.as<DrawSettings>(), scores_.as<float>(), count,
                               config_.vocab});
}

void DevicePass::decode(std::int64_t count) {
  run(Kind::completions, count);
  run_logits(count);
  device_->launch(DrawTokens{rows_.as<DeviceRow>(), logits_.as<float>(),
                             settings_.as<DrawSettings>(), drawn_.as<Drawn>(), count, config_.vocab,
                             room_.looks});
}

}  // namespace tinyzero
