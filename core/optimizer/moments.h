// What an optimizer remembers of each weight: the moments of AdamW, of which Muon needs the first.
//
// f32:   four bytes a moment.
// bf16:  two, rounded stochastically, since nearest would hold on to a mean that moves by less than
//        half a last place a step.
// int8:  one, and four for each 256: block-wise with the levels of dynamic_code.h, as bitsandbytes
//        does it; also as there, tensors of fewer than
//        4,096 numbers stay f32. Sources: Dettmers et al., arXiv:2110.02861; for Muon's momentum
//        Gupta et al., arXiv:2509.23106.
//
// A step reads and writes them in pieces that fit a core's cache, and nothing of f32 is kept beside
// them.
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
  std::int64_t offset, size;
};

// A step of AdamW (Loshchilov & Hutter, arXiv:1711.05101):
//   m = beta1 m + (1 - beta1) g
//   v = beta2 v + (1 - beta2) g²
//   w = shrink w - rate m / (√v / root + eps)
// with shrink = 1 - lr decay, rate = lr / (1 - beta1^t), root = √(1 - beta2^t).
struct AdamStep {
  float beta1, beta2, eps, shrink, rate, root;
  std::uint64_t key;  // of the randomness that rounds moments
};

class Moments {
 public:
  // All 0, of `size` weights that are these tensors.
  Moments(MomentType type, std::int64_t size, std::vector<WeightSpan> tensors);

  MomentType type() const { return type_; }
  std::int64_t size() const { return size_; }

  // Takes a step on one tensor, whose gradient and weights are given, with so many threads, of
  // which nothing depends on.
  void adamw(const WeightSpan& tensor, const AdamStep& step, const float* gradient, float* weights,
             std::int64_t threads);

  // The first moments of one tensor; `key` is of the randomness that rounds them.
  void read_first(const WeightSpan& tensor, float* out) const;
  void write_first(const WeightSpan& tensor, const float* in, std::uint64_t key);

  // Both moments of all weights where they are f32, in place; else null.
  float* first_f32() { return type_ == MomentType::f32 ? first_.f32.data() : nullptr; }
  float* second_f32() { return type_ == MomentType::f32 ? second_.f32.data() : nullptr; }

  void clear();

  // As a checkpoint holds them: first_moment and second_moment, as F32, BF16 or U8; of U8 the
  // scales of the blocks, and the tensors that stay f32, are first_moment_scale and
  // first_moment_small. Views of this object.
  std::map<std::string, TensorInfo> tensors() const;
  // Throws Error if the file has others.
  void restore(const SafetensorsFile& file);

 private:
  struct Array {
    FloatBuffer f32;  // all, or of int8 the small tensors
    std::vector<std::uint16_t> bf16;
    std::vector<std::uint8_t> codes;
    std::vector<float> scales;
  };
  struct Part {
    WeightSpan span;
    std::int64_t f32;    // where it stands in Array::f32; -1: not there
    std::int64_t block;  // its first scale
  };

  const Part& part_of(const WeightSpan& tensor) const;
  void load(const Array& array, const DynamicCode& code, const Part& part, std::int64_t at,
            std::int64_t n, float* out) const;
  void store(Array& array, const DynamicCode& code, const Part& part, std::int64_t at,
             std::int64_t n, const float* in, const std::uint32_t* random, int shift);
  void step_block(const Part& part, std::int64_t at, std::int64_t n, const AdamStep& step,
                  const float* gradient, float* weights);

  MomentType type_;
  std::int64_t size_;
  std::vector<Part> parts_;  // by offset
  Array first_, second_;
};

// Bytes that two moments of tensors of these sizes take, in memory and in a checkpoint.
std::int64_t moment_bytes(MomentType type, const std::vector<std::int64_t>& tensors);

}  // namespace tinyzero
