// The weights of a model in one flat f32 buffer, shared by the trainer (as tensors) and the decoder
// (as pointers).
//
// Within a layer, q, k and v are adjacent, and so are gate and up: each group can be multiplied as
// one matrix. Names and shapes are Hugging Face's; folder.h reads and writes them.
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
  std::int64_t size = 0;    // in floats
};

// Offsets of one layer's weights; -1 for weights that the model type lacks.
struct LayerOffsets {
  std::int64_t input_norm = -1;
  std::int64_t qkv = -1;
  std::int64_t qkv_bias = -1;
  std::int64_t q_norm = -1;
  std::int64_t k_norm = -1;
  std::int64_t output = -1;
  std::int64_t post_norm = -1;
  std::int64_t gate_up = -1;
  std::int64_t down = -1;
};

class ParameterLayout {
 public:
  explicit ParameterLayout(const ModelConfig& config);

  const std::vector<ParameterSlot>& slots() const { return slots_; }
  std::int64_t size() const { return size_; }  // floats of all weights
  const LayerOffsets& layer(std::size_t i) const { return layers_[i]; }
  std::int64_t embedding() const { return 0; }
  std::int64_t final_norm() const { return final_norm_; }
  // The head's weights: the embedding if tied. The bias of a value head follows its weights.
  std::int64_t head() const { return head_; }

 private:
  std::int64_t add(const std::string& name, std::vector<std::int64_t> shape);
  LayerOffsets add_layer(const ModelConfig& config, const std::string& prefix);

  std::vector<ParameterSlot> slots_;
  std::vector<LayerOffsets> layers_;
  std::int64_t size_ = 0;
  std::int64_t final_norm_ = 0;
  std::int64_t head_ = 0;
};

// A 64-byte aligned array of floats, initially zero.
class FloatBuffer {
 public:
  FloatBuffer() = default;
  explicit FloatBuffer(std::int64_t size);
  // A buffer of undefined contents, whose pages take memory only once they are written.
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
// generation_config.json, licence. They are copied into every folder written for the model.
struct FolderFiles {
  std::map<std::string, std::string> texts;  // by name
  // A sentence about a file left out because it is a link that leads out of the folder; empty if
  // there is none.
  std::string outside = {};
};

// A model: its shape, the place of each weight, and the weights.
struct Model {
  ModelConfig config;
  ParameterLayout layout;
  FloatBuffer weights;
  // Files of the folder that the model was read from; null for a new model.
  std::shared_ptr<const FolderFiles> companions;

  explicit Model(ModelConfig config);  // all weights 0
  Model(ModelConfig config, FloatBuffer weights);
};

// Draws new weights: matrices normal with standard deviation 0.02 (projections back into the
// residual stream divided by √(2 layers), as in GPT-2), norms 1, biases 0. Equal seeds give equal
// weights.
void initialize(Model& model, std::uint64_t seed);

// A copy of the policy for another purpose. With `value_head` its head gives one value per token,
// initially 0.
Model auxiliary_model_of(const Model& policy, bool value_head);

}  // namespace tinyzero
