// What an optimizer remembers of each weight: the two moments of AdamW. Muon needs the first alone.
//
// f32:   four bytes a moment.
// bf16:  two, rounded stochastically: rounding to nearest would lose a mean that moves by less than
//        half a last place a step.
// int8:  one, and four for each 256: block-wise with the levels of dynamic_code.h, as bitsandbytes
//        has it. As there, tensors of fewer than 4,096 numbers stay f32. Sources: Dettmers et al.,
//        arXiv:2110.02861; for Muon's momentum Gupta et al., arXiv:2509.23106.
//
// A step reads and writes moments in pieces that fit a core's cache, and keeps no f32 copy.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/model/parameters.h"
#include "core/model/safetensors.h"
#include "core/optimizer/dynamic_code.h"

namespace tinyzero {

enum class MomentType { f32, bf16, int8 };

// Throws Error for another name than f32, bf16 and int8.
MomentType moment_type_from_name(const std::string& name);

// Numbers of one tensor among the weights.
struct WeightSpan {
  std::int64_t offset;
  std::int64_t size;
};

// A step of AdamW (Loshchilov & Hutter, arXiv:1711.05101):
//   m = beta1 m + (1 - beta1) g
//   v = beta2 v + (1 - beta2) g²
//   w = shrink w - rate m / (√v / root + eps)
// with shrink = 1 - lr decay, rate = lr / (1 - beta1^t), root = √(1 - beta2^t).
struct AdamStep {
  float beta1;
  float beta2;
  float eps;
  float shrink;
  float rate;
  float root;
  std::uint64_t key;  // of the random stream that rounds moments
};

class Moments {
 public:
  // All moments are 0. The `size` weights consist of these tensors.
  Moments(MomentType type, std::int64_t size, std::vector<WeightSpan> tensors);

  MomentType type() const { return type_; }
  std::int64_t size() const { return size_; }

  // Updates the weights of one tensor along its gradient. `threads` only changes the speed, never
  // the result.
  void adamw(const WeightSpan& tensor, const AdamStep& step, const float* gradient, float* weights,
             std::int64_t threads);

  // The first moments of one tensor. `key` names the random stream that rounds them.
  void read_first(const WeightSpan& tensor, float* out) const;
  void write_first(const WeightSpan& tensor, const float* in, std::uint64_t key);

  // The moments of all weights, in place; null unless they are f32.
  float* first_f32() { return type_ == MomentType::f32 ? first_.f32.data() : nullptr; }
  float* second_f32() { return type_ == MomentType::f32 ? second_.f32.data() : nullptr; }

  void clear();

  // The tensors of a checkpoint, as views of this object: first_moment and second_moment, as F32,
  // BF16 or U8. With U8 come the scales of the blocks (first_moment_scale) and the tensors that
  // stay f32 (first_moment_small).
  std::map<std::string, TensorInfo> tensors() const;
  // Throws Error if the file has others.
  void restore(const SafetensorsFile& file);

 private:
  // One moment of all weights.
  struct Array {
    FloatBuffer f32;  // all numbers, or the small tensors of int8
    std::vector<std::uint16_t> bf16;
    std::vector<std::uint8_t> codes;
    std::vector<float> scales;
  };
  struct StoredTensor {
    WeightSpan span;
    std::int64_t f32 = -1;   // its offset in Array::f32; -1: it is not there
    std::int64_t scale = 0;  // the index of its first scale
  };
  // The numbers at … at + n - 1 of a tensor, which share a scale.
  struct Block {
    const StoredTensor& tensor;
    std::int64_t at;
    std::int64_t n;
  };
  // 16 random bits for each number of a block: those above `shift` of a word. Only bf16 needs any.
  struct RandomBits {
    const std::uint32_t* words = nullptr;
    int shift = 0;
  };

  const StoredTensor& stored(const WeightSpan& tensor) const;
  void load(const Array& array, const DynamicCode& code, const Block& block, float* out) const;
  void store(Array& array, const DynamicCode& code, const Block& block, const float* in,
             const RandomBits& random);
  void step_block(const Block& block, const AdamStep& step, const float* gradient, float* weights);

  MomentType type_;
  std::int64_t size_;
  std::vector<StoredTensor> stored_;  // by offset
  Array first_;
  Array second_;
};

// Bytes of both moments of tensors of these sizes, in memory and in a checkpoint.
std::int64_t moment_bytes(MomentType type, const std::vector<std::int64_t>& tensors);

}  // namespace tinyzero
