// A pass of the transformer over rows on a device, with caches for keys and values: cpu/forward.h
// in kernels.
//
// All memory is allocated at construction. Queued work refers to fixed addresses, so that it can be
// recorded and replayed.
#pragma once

#include <vector>

#include "core/model/rope.h"
#include "core/rollout/cuda/device.h"
#include "core/rollout/cuda/weights.h"

namespace tinyzero {

struct PassCapacity {
  std::int64_t rows = 0;           // rows of a pass
  std::int64_t prompts = 0;        // prompts at once
  std::int64_t prompt_length = 0;  // tokens of each
  std::int64_t slots = 0;          // completions at once
  std::int64_t slot_length = 0;    // tokens of each
  std::int64_t looks = 1;          // tokens of a completion drawn between two looks of the host

  bool covers(const PassCapacity& other) const {
    return rows >= other.rows && prompts >= other.prompts && prompt_length >= other.prompt_length &&
           slots >= other.slots && slot_length >= other.slot_length && looks >= other.looks;
  }
};

class DevicePass {
 public:
  // `config` and the memory that `weights` point to must outlive it. Throws Failure if the device
  // has too little memory.
  DevicePass(std::shared_ptr<Device> device, const ModelConfig& config,
             const DeviceWeights& weights, const PassCapacity& capacity);

  // Bytes of device memory for that capacity.
  static std::int64_t bytes(const ModelConfig& config, Dtype dtype, const PassCapacity& capacity);

  // Why the kernels cannot compute a model of this shape with matrices of that type; empty if they
  // can.
  static std::string unsupported(const ModelConfig& config, Dtype dtype);

  const PassCapacity& capacity() const { return capacity_; }

  // ---- from host to device and back ----
  void set_rows(const std::vector<DeviceRow>& rows);       // at most capacity().rows
  void set_groups(const std::vector<PromptRows>& groups);  // one for each row, see decode()
  void set_draws(const DrawSettings& settings);
  std::vector<DeviceRow> rows(std::int64_t count) const;
  std::vector<Drawn> drawn(std::int64_t count) const;  // (count, looks)
  std::vector<float> scores(std::int64_t count) const;

  // ---- queued work on the first `count` rows ----
  // Rows of prompts: stores their keys and values. A prompt's rows come in rising order, in one
  // pass or several.
  void prompts(std::int64_t count);
  // The same, and computes the log-probabilities of the rows' targets.
  void score(std::int64_t count);
  // Draws one token for each completion, each in its slot. `count` groups say which rows complete
  // which prompt.
  void decode(std::int64_t count);

 private:
  enum class Kind { prompts, completions };

  template <class T>
  void layers(Kind kind, std::int64_t count);
  template <class T>
  void attention(Kind kind, std::int64_t layer, std::int64_t count);
  template <class T>
  void norm(const float* weight, std::int64_t count);
  template <class T>
  void logits(std::int64_t count);
  template <class T>
  KvLayer<T> layer_store(const DeviceBuffer& keys, const DeviceBuffer& values, std::int64_t layer,
                         std::int64_t sequences, std::int64_t length) const;
  // y (rows, n) = x (rows, k) · w^T + bias, or added to y.
  struct Linear {
    const void* w;  // (n, k)
    std::int64_t n;
    std::int64_t k;
    const float* bias = nullptr;
    bool add = false;
  };
  void multiply(const DeviceBuffer& x, const Linear& linear, const DeviceBuffer& y,
                std::int64_t rows);
  void run(Kind kind, std::int64_t count);
  void run_logits(std::int64_t count);

  std::shared_ptr<Device> device_;
  const ModelConfig& config_;
  const DeviceWeights& weights_;
  PassCapacity capacity_;
  DeviceBuffer cosines_;        // (positions, head_dim / 2)
  DeviceBuffer sines_;          // (positions, head_dim / 2)
  DeviceBuffer prompt_keys_;    // by layer, see KvLayer
  DeviceBuffer prompt_values_;  // by layer
  DeviceBuffer slot_keys_;      // by layer
  DeviceBuffer slot_values_;    // by layer
  DeviceBuffer rows_;
  DeviceBuffer groups_;
  DeviceBuffer settings_;
  DeviceBuffer drawn_;     // (rows, looks)
  DeviceBuffer scores_;    // (rows)
  DeviceBuffer hidden_;    // (rows, width)
  DeviceBuffer normed_;    // (rows, width)
  DeviceBuffer qkv_;       // (rows, q_width + 2 kv_width)
  DeviceBuffer chunks_;    // see AttentionChunks
  DeviceBuffer attended_;  // (rows, q_width)
  DeviceBuffer gate_up_;   // (rows, 2 mlp)
  DeviceBuffer inner_;     // (rows, mlp)
  DeviceBuffer logits_;    // (rows, vocab)
};

}  // namespace tinyzero
