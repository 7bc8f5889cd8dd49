// A prediction of what a run would take on one GPU, by arithmetic from published peaks. No number
// here was measured.
//
// The run is one with rollout.device and train.device cuda in bf16 (docs/gpu.md). On the GPU are an
// f32 copy of each model, the gradient of what learns, a bf16 copy of the policy for sampling,
// activations, keys and values; in the computer's memory weights, gradients and moments.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace tinyzero {

struct RunShape;

struct Gpu {
  std::string name;
  double bytes = 0;      // of memory
  double flops = 0;      // a second, dense bf16 with f32 sums; 0: only the memory is known
  double bandwidth = 0;  // bytes per second; 0: only the memory is known
  std::string source;    // of these numbers
};

// "h100", "h200", "a100", "4090", or gigabytes of memory ("24"). Throws Error for anything else.
Gpu gpu_from_name(const std::string& name);

// Share of the peaks that a run reaches: an assumption, which docs/models.md explains.
inline constexpr double kAssumedShare = 0.3;
// Sequences that are decoded at once where rollout.wave is 0.
inline constexpr std::int64_t kSequencesAtOnce = 256;
// Bytes of CUDA's context, its libraries and their workspaces: an assumption.
inline constexpr double kGpuProgram = 1.5e9;
// The range of tokens that is tried for train.micro_batch: 0.
inline constexpr std::int64_t kLeastMicroBatch = 256;
inline constexpr std::int64_t kMostMicroBatch = 32768;
// Bytes a second between both memories: PCIe 4.0 x16.
inline constexpr double kLink = 31.5e9;
// Bytes a second of the computer's memory: an assumption.
inline constexpr double kHostBandwidth = 100e9;

// Bytes.
struct GpuMemory {
  double weights = 0;           // policy: f32 to learn, bf16 to sample, f32 values of an adapter
  double gradients = 0;         // f32
  double auxiliary_models = 0;  // f32, with gradients of those that learn
  // While sampling: keys and values of the sequences that are decoded at once, and their logits.
  double caches = 0;
  // While learning: what one micro-batch keeps, matrices in bf16, and a chunk of logits.
  double activations = 0;
  double program = kGpuProgram;
  double host = 0;  // in the computer's memory, with the program there

  double total() const {
    return weights + gradients + auxiliary_models + std::max(caches, activations) + program;
  }
};
GpuMemory gpu_memory(const RunShape& run);

// Seconds of a step and of an evaluation at the peaks, if every completion is as long as it may be
// and a step has one round of sampling.
struct GpuTime {
  double decode = 0;
  double prefill = 0;  // prompts
  double read = 0;     // passes that only read: references, critics, reward models
  double learn = 0;    // passes that learn, of all models
  // All models: weights to the GPU for each round of passes, gradients back, and updates in the
  // computer's memory.
  double optimizer = 0;
  double evaluation = 0;  // one

  double step() const { return decode + prefill + read + learn + optimizer; }
};
GpuTime gpu_time(const RunShape& run, const Gpu& gpu);

// The largest train.micro_batch, a power of two, that fits; 0: none does. If the setting is not 0,
// its value.
std::int64_t gpu_micro_batch(const RunShape& run, const Gpu& gpu);

// A change of settings that lets a run fit.
struct Remedy {
  std::string settings;  // "train.recompute=true train.micro_batch=2048"
  double bytes = 0;      // of memory that the run then takes
};
// Some of them, the mildest first; none if no change suffices.
std::vector<Remedy> gpu_remedies(const RunShape& run, const Gpu& gpu);

}  // namespace tinyzero
