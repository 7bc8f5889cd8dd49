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
#include <string_view>
#include <vector>

#include "core/model/parameters.h"
#include "core/model/safetensors.h"
#include "core/optimizer/dynamic_code.h"
#include "core/optimizer/weight_span.h"

namespace tinyzero {

enum class MomentType { f32, bf16, int8 };

// Throws Error for another name than f32, bf16 and int8.
MomentType moment_type_from_name(const std::string& name);

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
  // Those of the weights in `range`, all 0. `tensors`: what all weights consist of; the range cuts
  // them only at multiples of kCodeBlock numbers.
  Moments(MomentType type, std::vector<WeightSpan> tensors, const WeightSpan& range);

  MomentType type() const { return type_; }

  // Updates the weights of one tensor, or of its part in the range, along its gradient. `threads`
  // only changes the speed, never the result.
  void adamw(const WeightSpan& tensor, const AdamStep& step, const float* gradient, float* weights,
             std::int64_t threads);

  // The first moments of one tensor. `key` names the random stream that rounds them.
  void read_first(const WeightSpan& tensor, float* out) const;
  void write_first(const WeightSpan& tensor, const float* in, std::uint64_t key);

  // All moments, in place, from the range's first on; null unless they are f32.
  float* first_f32() { return type_ == MomentType::f32 ? first_.f32.data() : nullptr; }
  float* second_f32() { return type_ == MomentType::f32 ? second_.f32.data() : nullptr; }

  void clear();

  // The tensors of a checkpoint, of all weights: first_moment and second_moment, as F32, BF16 or
  // U8. With U8 come the scales of the blocks (first_moment_scale) and the tensors that stay f32
  // (first_moment_small). They have no data: own_bytes() gives it.
  std::map<std::string, TensorInfo> tensors() const;
  // This object's bytes of such a tensor.
  std::string_view own_bytes(const std::string& name) const;
  // How many of its bytes belong to a range, which cuts tensors as this object's may.
  std::int64_t bytes_of(const std::string& name, const WeightSpan& range) const;
  // Takes this object's bytes. Throws Error if the file has other tensors.
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
  // Numbers in a range, scales of their blocks, and numbers of tensors that stay f32 in int8.
  struct Counts {
    std::int64_t numbers = 0, scales = 0, small = 0;
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

  // A tensor of a checkpoint: which numbers it has, and this object's.
  struct Saved {
    const char* dtype;
    std::int64_t bytes_of_number;
    std::int64_t Counts::* count;
    const void* own;
  };
  std::map<std::string, Saved> saved() const;
  Counts counts_of(const WeightSpan& range) const;
  bool is_small(const WeightSpan& tensor) const;
  const StoredTensor& stored(const WeightSpan& tensor) const;
  void load(const Array& array, const DynamicCode& code, const Block& block, float* out) const;
  void store(Array& array, const DynamicCode& code, const Block& block, const float* in,
             const RandomBits& random);
  void step_block(const Block& block, const AdamStep& step, const float* gradient, float* weights);

  MomentType type_;
  std::vector<WeightSpan> tensors_;  // by offset
  WeightSpan range_;
  std::vector<StoredTensor> stored_;  // the same in the range
  Array first_;
  Array second_;
};

// Bytes of both moments of tensors of these sizes, in memory and in a checkpoint.
std::int64_t moment_bytes(MomentType type, const std::vector<std::int64_t>& tensors);

}  // namespace tinyzero
