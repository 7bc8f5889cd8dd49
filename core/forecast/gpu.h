// What a run would take on one GPU: a prediction from published peaks, by arithmetic alone. Nothing
// of it was measured.
//
// It is of a run with rollout.device and train.device cuda and bf16 (docs/gpu.md): on the GPU an
// f32 copy of each model and the gradient of what learns, a bf16 copy of the policy that samples,
// activations, keys and values; in the computer's memory weights, gradients and moments.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/forecast/memory.h"

namespace tinyzero {

struct Gpu {
  std::string name;
  double bytes = 0;
  double flops = 0, bandwidth = 0;  // a second: dense bf16 with f32 sums; bytes. 0: of a size
                                    // alone, which says nothing of time
  std::string source;
};

// "h100", "h200", "a100", "4090", or gigabytes of memory ("24"). Throws Error for anything else.
Gpu gpu_from_name(const std::string& name);

inline constexpr double kAssumedShare =
    0.3;  // of the roofs: an assumption, of which docs/models.md says where it comes from
inline constexpr std::int64_t kSequencesAtOnce = 256;  // that are decoded, where rollout.wave is 0
inline constexpr double kGpuProgram =
    1.5e9;  // bytes of CUDA's context, its libraries and their workspaces: an assumption
inline constexpr std::int64_t kLeastMicroBatch = 256,
                              kMostMicroBatch =
                                  32768;  // tokens that are tried for train.micro_batch: 0
inline constexpr double kLink = 31.5e9;   // bytes a second between both memories: PCIe 4.0 x16
inline constexpr double kHostBandwidth =
    100e9;  // bytes a second of the computer's memory: an assumption

// Bytes.
struct GpuMemory {
  double weights = 0;    // policy: f32 to learn, bf16 to sample, and f32 values of an adapter
  double gradients = 0;  // f32
  double auxiliary_models = 0;  // f32, and gradients of those that learn
  double caches = 0;  // while sampling: keys and values of the sequences at once, and their logits
  double activations = 0;  // while learning: of one micro-batch, matrices in bf16 that it keeps,
                           // and a chunk of logits
  double program = kGpuProgram;
  double host = 0;  // not on the GPU: of the computer's memory, with the program

  double total() const {
    return weights + gradients + auxiliary_models + std::max(caches, activations) + program;
  }
};
GpuMemory gpu_memory(const RunShape& run);

// Seconds that the roofs allow, of a step and of an evaluation, with every completion as long as it
// may be and one round of sampling.
struct GpuTime {
  double decode = 0;      // of a step
  double prefill = 0;     // prompts of a step
  double read = 0;        // passes that only read: references, critics, reward models
  double learn = 0;       // passes that learn, of all models
  double optimizer = 0;   // of all models: weights to the GPU for each round of passes, gradients
                          // back, updates in the computer's memory
  double evaluation = 0;  // one

  double step() const { return decode + prefill + read + learn + optimizer; }
};
GpuTime gpu_time(const RunShape& run, const Gpu& gpu);

// The most of train.micro_batch, a power of two, that fits; 0: none does. What is set where it is
// not 0.
std::int64_t gpu_micro_batch(const RunShape& run, const Gpu& gpu);

// Changes of settings with which the run would fit, the mildest first, and the memory that it then
// takes.
struct Remedy {
  std::string settings;  // "train.recompute=true train.micro_batch=2048"
  double bytes = 0;
};
std::vector<Remedy> gpu_remedies(const RunShape& run, const Gpu& gpu);

}  // namespace tinyzero
