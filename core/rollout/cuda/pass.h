// A pass of the transformer over rows on a device, with caches for keys and values. Like
// cpu/forward.h, in kernels.
//
// All memory is taken at construction. What is queued refers to fixed places, so that it can be
// recorded and replayed.
#pragma once

#include <vector>

#include "core/model/rope.h"
#include "core/rollout/cuda/device.h"
#include "core/rollout/cuda/weights.h"

namespace tinyzero {

// What there is room for.
struct PassRoom {
  std::int64_t rows = 0;                        // of a pass
  std::int64_t prompts = 0, prompt_length = 0;  // prompts at once, and tokens of each
  std::int64_t slots = 0, slot_length = 0;      // completions at once, and tokens of each
  std::int64_t looks = 1;                       // tokens drawn between two looks of the host

  bool covers(const PassRoom& other) const {
    return rows >= other.rows && prompts >= other.prompts && prompt_length >= other.prompt_length &&
           slots >= other.slots && slot_length >= other.slot_length && looks >= other.looks;
  }
};

class DevicePass {
 public:
  // `config` and the memory that `weights` point to must outlive it. Throws Failure if the device
  // has too little memory.
  DevicePass(std::shared_ptr<Device> device, const ModelConfig& config,
             const DeviceWeights& weights, const PassRoom& room);

  // Bytes of device memory for such room.
  static std::int64_t bytes(const ModelConfig& config, Dtype dtype, const PassRoom& room);

  // Why this model's shape is not one the kernels can do, with matrices of that type; empty if they
  // can.
  static std::string unsupported(const ModelConfig& config, Dtype dtype);

  const PassRoom& room() const { return room_; }

  // ---- from host to device and back ----
  void set_rows(const std::vector<DeviceRow>& rows);       // at most room().rows
  void set_groups(const std::vector<PromptRows>& groups);  // one for each row, see decode()
  void set_draws(const DrawSettings& settings);
  std::vector<DeviceRow> rows(std::int64_t count) const;
  std::vector<Drawn> drawn(std::int64_t count) const;  // (count, looks)
  std::vector<float> scores(std::int64_t count) const;

  // ---- what is queued, for the first `count` rows ----
  // Rows of prompts: their keys and values are stored. A prompt's rows come in rising order, in one
  // pass or several.
  void prompts(std::int64_t count);
  // The same, and the log-probabilities of their targets.
  void score(std::int64_t count);
  // A token of each completion, each in its slot; the prompts' rows are given by `count` groups.
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
  void multiply(const void* x, const void* w, const float* bias, float* y, std::int64_t m,
                std::int64_t n, std::int64_t k, bool add);
  void run(Kind kind, std::int64_t count);
  void run_logits(std::int64_t count);

  std::shared_ptr<Device> device_;
  const ModelConfig& config_;
  const DeviceWeights& weights_;
  PassRoom room_;
  DeviceBuffer cosines_, sines_;                                        // (positions, head_dim / 2)
  DeviceBuffer prompt_keys_, prompt_values_, slot_keys_, slot_values_;  // by layer, see KvLayer
  DeviceBuffer rows_, groups_, settings_, drawn_, scores_;
  DeviceBuffer hidden_, normed_, qkv_, parts_, attended_, gate_up_, inner_, logits_;  // by row
};

}  // namespace tinyzero
