#include "core/rollout/cuda/pass.h"

#include <algorithm>

namespace tinyzero {
namespace {

constexpr std::int64_t kMostHeadDim = 256;

// Bytes of each of a pass's buffers.
struct Sizes {
  std::int64_t angles;
  std::int64_t prompt_store;
  std::int64_t slot_store;
  std::int64_t rows;
  std::int64_t groups;
  std::int64_t drawn;
  std::int64_t scores;
  std::int64_t hidden;
  std::int64_t normed;
  std::int64_t qkv;
  std::int64_t chunks;
  std::int64_t attended;
  std::int64_t gate_up;
  std::int64_t inner;
  std::int64_t logits;

  std::int64_t all() const {
    return 2 * (angles + prompt_store + slot_store) + rows + groups + drawn + scores + hidden +
           normed + qkv + chunks + attended + gate_up + inner + logits;
  }
};

// Chunks of a prompt; and of a row's own store, which is a slot or, for a row of a prompt, the
// prompt.
template <class T>
std::int64_t prompt_chunks(const ModelConfig& c, const PassCapacity& capacity) {
  return chunks_of<T>(capacity.prompt_length, c.head_dim);
}
template <class T>
std::int64_t own_chunks(const ModelConfig& c, const PassCapacity& capacity) {
  return chunks_of<T>(std::max(capacity.slot_length, capacity.prompt_length), c.head_dim);
}

template <class T>
Sizes sizes_of(const ModelConfig& c, const PassCapacity& capacity) {
  constexpr std::int64_t kFloat = sizeof(float), kNumber = sizeof(T);
  constexpr std::int64_t kRow = sizeof(DeviceRow), kGroup = sizeof(PromptRows),
                         kDrawn = sizeof(Drawn);
  const std::int64_t position = c.layers * c.kv_width() * kNumber, rows = capacity.rows;
  const std::int64_t chunks = prompt_chunks<T>(c, capacity) + own_chunks<T>(c, capacity);
  return {.angles = (capacity.prompt_length + capacity.slot_length) * c.head_dim / 2 * kFloat,
          .prompt_store = capacity.prompts * capacity.prompt_length * position,
          .slot_store = capacity.slots * capacity.slot_length * position,
          .rows = rows * kRow,
          .groups = rows * kGroup,
          .drawn = rows * capacity.looks * kDrawn,
          .scores = rows * kFloat,
          .hidden = rows * c.width * kFloat,
          .normed = rows * c.width * kNumber,
          .qkv = rows * (c.q_width() + 2 * c.kv_width()) * kFloat,
          .chunks = rows * c.heads * chunks * (c.head_dim + 2) * kFloat,
          .attended = rows * c.q_width() * kNumber,
          .gate_up = rows * 2 * c.mlp * kFloat,
          .inner = rows * c.mlp * kNumber,
          .logits = rows * c.vocab * kFloat};
}

Sizes sizes_of(const ModelConfig& c, Dtype dtype, const PassCapacity& capacity) {
  return dtype == Dtype::bf16 ? sizes_of<Bf16>(c, capacity) : sizes_of<float>(c, capacity);
}

}  // namespace

std::int64_t DevicePass::bytes(const ModelConfig& c, Dtype dtype, const PassCapacity& capacity) {
  return sizes_of(c, dtype, capacity).all();
}

std::string DevicePass::unsupported(const ModelConfig& c, Dtype dtype) {
  const std::int64_t unit = 16 / bytes_of(dtype);  // numbers in 16 bytes, which are copied at once
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
                       const DeviceWeights& weights, const PassCapacity& capacity)
    : device_(std::move(device)), config_(config), weights_(weights), capacity_(capacity) {
  const Sizes sizes = sizes_of(config, weights.dtype, capacity);
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
  chunks_ = take(sizes.chunks);
  attended_ = take(sizes.attended);
  gate_up_ = take(sizes.gate_up);
  inner_ = take(sizes.inner);
  logits_ = take(sizes.logits);
  RopeTable rope(config);
  rope.ensure(capacity.prompt_length + capacity.slot_length);
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
  std::vector<Drawn> out(count * capacity_.looks);
  device_->download(out.data(), drawn_.as<Drawn>(), out.size() * sizeof(Drawn));
  return out;
}

std::vector<float> DevicePass::scores(std::int64_t count) const {
  std::vector<float> out(count);
  device_->download(out.data(), scores_.as<float>(), out.size() * sizeof(float));
  return out;
}

void DevicePass::multiply(const DeviceBuffer& x, const Linear& linear, const DeviceBuffer& y,
                          std::int64_t rows) {
  device_->multiply({.x = x.as<void>(),
                     .w = linear.w,
                     .bias = linear.bias,
                     .y = y.as<float>(),
                     .m = rows,
                     .n = linear.n,
                     .k = linear.k,
                     .dtype = weights_.dtype,
                     .add = linear.add});
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
  const KvLayer<T> prompts = layer_store<T>(prompt_keys_, prompt_values_, layer, capacity_.prompts,
                                            capacity_.prompt_length),
                   slots = layer_store<T>(slot_keys_, slot_values_, layer, capacity_.slots,
                                          capacity_.slot_length);
  device_->launch(RotateAndStore<T>{rows, qkv_.as<float>(), weights.q_norm, weights.k_norm,
                                    cosines_.as<float>(), sines_.as<float>(), prompts, slots, count,
                                    c.heads, static_cast<float>(c.norm_eps)});
  const std::int64_t in_prompt = prompt_chunks<T>(c, capacity_);
  const AttentionChunks chunks{chunks_.as<float>(), c.heads,
                               in_prompt + own_chunks<T>(c, capacity_), in_prompt, c.head_dim};
  if (kind == Kind::prompts) {
    device_->launch(Attend<T>{rows, nullptr, qkv_.as<float>(), prompts, chunks, count,
                              capacity_.prompt_length});
  } else {
    device_->launch(Attend<T>{rows, groups_.as<PromptRows>(), qkv_.as<float>(), prompts, chunks,
                              count, capacity_.prompt_length});
    device_->launch(
        Attend<T>{rows, nullptr, qkv_.as<float>(), slots, chunks, count, capacity_.slot_length});
  }
  device_->launch(Combine<T>{rows, chunks, attended_.as<T>(), count});
}

template <class T>
void DevicePass::layers(Kind kind, std::int64_t count) {
  const ModelConfig& c = config_;
  device_->launch(Embed<T>{rows_.as<DeviceRow>(), static_cast<const T*>(weights_.embedding),
                           hidden_.as<float>(), count, c.width});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    const DeviceLayerWeights& layer = weights_.layers[i];
    norm<T>(layer.input_norm, count);
    multiply(
        normed_,
        {.w = layer.qkv, .n = c.q_width() + 2 * c.kv_width(), .k = c.width, .bias = layer.qkv_bias},
        qkv_, count);
    attention<T>(kind, i, count);
    multiply(attended_, {.w = layer.output, .n = c.width, .k = c.q_width(), .add = true}, hidden_,
             count);
    norm<T>(layer.post_norm, count);
    multiply(normed_, {.w = layer.gate_up, .n = 2 * c.mlp, .k = c.width}, gate_up_, count);
    device_->launch(SwiGlu<T>{gate_up_.as<float>(), inner_.as<T>(), count, c.mlp});
    multiply(inner_, {.w = layer.down, .n = c.width, .k = c.mlp, .add = true}, hidden_, count);
  }
}

template <class T>
void DevicePass::logits(std::int64_t count) {
  norm<T>(weights_.final_norm, count);
  multiply(normed_, {.w = weights_.head, .n = config_.vocab, .k = config_.width}, logits_, count);
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
                             capacity_.looks});
}

}  // namespace tinyzero
