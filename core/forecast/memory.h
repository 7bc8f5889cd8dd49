// The memory of a run in this computer, without that of a GPU, from its settings and shapes alone.
// docs/models.md has it beside what runs take.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/algorithm/plugin.h"
#include "core/base/memory.h"
#include "core/config/experiment.h"
#include "core/model/adapter.h"
#include "core/model/parameters.h"

namespace tinyzero {

// Bytes of LibTorch's code, thread stacks and small objects that only a step touches.
inline constexpr std::int64_t kFirstUse = std::int64_t{24} << 20;

// What an experiment is when its weights are left out. Can be copied, to ask what other settings
// would take.
struct RunShape {
  Experiment experiment;
  const Model* model = nullptr;  // its weights are not looked at, and may be missing
  std::vector<AuxiliaryModel> auxiliary_models;
  std::int64_t adapter_values = 0, adapted = 0;  // floats of the adapter, and numbers of the
                                                 // matrices that it keeps; 0: no adapter
  std::int64_t adapted_bytes =
      4;  // of each of those; 2 where an adapter was made and found them to be of bf16
  std::int64_t longest_prompt = 0;  // tokens
  double bytes_of_token = 1;        // of text that a token stands for
  std::int64_t rounds = 1;          // of sampling in a step, at most
  std::int64_t held_out = 0;        // problems of an evaluation
  std::int64_t program = 0;         // bytes of this process without the model

  // The same run with another rank of its adapter; 0: without one.
  void set_lora_rank(std::int64_t rank);

  std::int64_t completions() const {
    return experiment.rollout.prompts * experiment.rollout.samples;
  }  // of a round
  std::int64_t longest() const {
    return longest_prompt + experiment.rollout.max_tokens;
  }  // tokens of a sequence
  // Floats that learn in the policy.
  std::int64_t learning() const {
    return adapter_values > 0 ? adapter_values : model->layout.size();
  }
  // Auxiliary models with weights of their own.
  std::vector<AuxiliaryModel> own_auxiliary_models() const;
};

// The rows of the largest micro-batch of an update, of all its tokens and of those of completions
// alone, if every sequence is as long as it may be. Samples of one problem share its prompt.
struct MicroBatchRows {
  std::int64_t all = 0, completions = 0;
};
MicroBatchRows largest_micro_batch(const RunShape& run, std::int64_t replicas);

// Bytes. Sampling and learning take turns, but what one frees stays in the heap
// (keep_freed_memory), in pieces that the other hardly fits into: so both count.
struct RunMemory {
  std::int64_t program = 0;  // with LibTorch, tasks and the tokenizer
  std::int64_t weights =
      0;  // of the policy, f32; with an adapter, its values and what the matrices were before it
  std::int64_t optimizer = 0;  // its two moments
  std::int64_t gradients = 0;  // one a replica, with the matrices packed for training
  std::int64_t decoder = 0;    // the matrices packed for decoding
  std::int64_t auxiliary_models =
      0;                    // critic, reward model, reference: all of the above but the decoder's
  std::int64_t caches = 0;  // while sampling: keys and values, and the rows in work, of all threads
  std::int64_t activations = 0;  // while learning: of a micro-batch on every replica
  std::int64_t episodes = 0;     // completions of a step or an evaluation, with their problems,
                                 // verdicts, tensors and lines

  std::int64_t least_episodes = 0;  // what episodes takes if every completion is one token

  std::int64_t held() const {
    return program + weights + optimizer + gradients + decoder + auxiliary_models;
  }
  std::int64_t total() const { return held() + caches + activations + episodes; }
  // What the run takes however short its completions are.
  std::int64_t least() const { return held() + least_episodes; }
};

// At most: completions that end early take less.
RunMemory memory_of(const RunShape& run);

// What a machine of so many bytes has to say of that, with the numbers; nothing if the run fits.
std::vector<std::string> memory_warnings(const RunShape& run,
                                         std::int64_t machine = total_memory());

// What to change where memory does not suffice: what the largest part of it depends on.
std::string memory_advice(const RunMemory& memory);

// Bytes of a checkpoint, by the types of its numbers: the policy, its moments and adapter, and the
// models beside it.
std::int64_t checkpoint_bytes_of(const RunShape& run);

// For train.micro_batch: 0. The tokens of a micro-batch, a power of two from 128 to 4,096, with
// which the run fits into `available` bytes; 128 if none does.
std::int64_t micro_batch_for(RunShape run, std::int64_t available);

}  // namespace tinyzero
