// The weights of a model in one flat f32 buffer, shared by the trainer (as tensors) and the decoder
// (as pointers).
//
// The order within a layer puts q, k, v next to each other, and gate and up: each trio or pair is
// then also one matrix, which is multiplied at once. Names and shapes are Hugging Face's; folder.h
// reads and writes them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model/config.h"

namespace tinyzero {

struct ParameterSlot {
  std::string name;  // "model.layers.0.self_attn.q_proj.weight"
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;  // in floats
  std::int64_t size = 0;
};

// Offsets of one layer's weights; -1 where the family member has none.
struct LayerOffsets {
  std::int64_t input_norm, qkv, qkv_bias, q_norm, k_norm, output, post_norm, gate_up, down;
};

class ParameterLayout {
 public:
  explicit ParameterLayout(const ModelConfig& config);

  const std::vector<ParameterSlot>& slots() const { return slots_; }
  std::int64_t size() const { return size_; }  // floats in all
  const LayerOffsets& layer(std::size_t i) const { return layers_[i]; }
  std::int64_t embedding() const { return 0; }
  std::int64_t final_norm() const { return final_norm_; }
  std::int64_t head() const {
    return head_;
  }  // the embedding's offset if tied; of a value head its weights, which the bias follows

 private:
  std::int64_t add(const std::string& name, std::vector<std::int64_t> shape);

  std::vector<ParameterSlot> slots_;
  std::vector<LayerOffsets> layers_;
  std::int64_t size_ = 0, final_norm_ = 0, head_ = 0;
};

// A 64-byte aligned array of floats, zero at first.
class FloatBuffer {
 public:
  FloatBuffer() = default;
  explicit FloatBuffer(std::int64_t size);
  // One whose contents are undefined, and whose pages take memory only once they are written.
  static FloatBuffer uninitialized(std::int64_t size);
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::int64_t size() const { return size_; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  std::unique_ptr<float, Free> data_;
  std::int64_t size_ = 0;
};

// Files of a model's folder that are neither configuration nor weights: tokenizer, chat template,
// generation_config.json, licence. They go along into every folder that is written of the model.
struct FolderFiles {
  std::map<std::string, std::string> texts;  // by name
  // A file that is none of these because it is a link out of the folder, in words; empty: no such
  // file.
  std::string outside = {};
};

// A model: its shape, where each weight stands, and the weights.
struct Model {
  ModelConfig config;
  ParameterLayout layout;
  FloatBuffer weights;
  std::shared_ptr<const FolderFiles>
      companions;  // of the folder it was read from, which are written with it; null: a new model

  explicit Model(ModelConfig config);  // all weights 0
  Model(ModelConfig config, FloatBuffer weights);
};

// New weights: matrices normal with standard deviation 0.02 (projections back into the residual
// stream divided by √(2 layers), as GPT-2), norms 1, biases 0. Equal seeds give equal weights.
void initialize(Model& model, std::uint64_t seed);

// A copy of the policy for another purpose; with `value_head` its head is one value a token, 0 at
// first.
Model auxiliary_model_of(const Model& policy, bool value_head);

}  // namespace tinyzero
