// A forecast of the memory that a run takes in this computer, without a GPU's, from settings and
// shapes alone. docs/models.md compares it with measurements.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/base/memory.h"
#include "core/config/experiment.h"
#include "core/model/parameters.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

// Bytes of LibTorch's code, thread stacks and small objects that only a step touches.
inline constexpr std::int64_t kFirstUse = std::int64_t{24} << 20;

// An experiment without its weights. Can be copied, to ask what other settings would take.
struct RunShape {
  Experiment experiment;
  const Model* model = nullptr;  // only its shape is used; weights may be missing
  std::int64_t ranks = 1;        // processes that train it; memory is that of each
  std::vector<AuxiliaryModel> auxiliary_models;
  std::int64_t adapter_values = 0;  // floats of the adapter; 0: no adapter
  std::int64_t adapted = 0;         // numbers of the matrices that the adapter keeps as they were
  // Bytes of each of these numbers; 2 where an adapter was made and found them all to be bf16.
  std::int64_t adapted_bytes = 4;
  std::int64_t longest_prompt = 0;  // tokens
  double bytes_of_token = 1;        // of text, in the mean
  std::int64_t rounds = 1;          // of sampling in a step, at most
  std::int64_t held_out = 0;        // problems of an evaluation
  std::int64_t traits = 0;          // that the task counts in each completion
  std::int64_t program = 0;         // bytes of this process without the model

  // The same run with another rank of its adapter; 0: without one.
  void set_lora_rank(std::int64_t rank);

  // Completions of a round of sampling.
  std::int64_t completions() const {
    return experiment.rollout.prompts * experiment.rollout.samples;
  }
  // Tokens of the longest sequence.
  std::int64_t longest() const { return longest_prompt + experiment.rollout.max_tokens; }
  // Floats that learn in the policy.
  std::int64_t learning() const {
    return adapter_values > 0 ? adapter_values : model->layout.size();
  }
  // Floats that learn in an auxiliary model.
  std::int64_t learning(const AuxiliaryModel& model) const;
  // Auxiliary models with weights of their own.
  std::vector<AuxiliaryModel> own_auxiliary_models() const;
};

// Rows of the largest micro-batch of an update, if every sequence is as long as it may be. Samples
// of one problem share the rows of its prompt.
struct MicroBatchRows {
  std::int64_t all = 0;
  std::int64_t completions = 0;  // rows that predict tokens of completions
};
MicroBatchRows largest_micro_batch(const RunShape& run, std::int64_t shards);

// Bytes. Sampling and learning take turns, but what one frees stays in the heap
// (keep_freed_memory), in pieces that the other hardly fits into: so both count.
struct RunMemory {
  std::int64_t program = 0;  // with LibTorch, tasks and the tokenizer
  // The policy in f32; with an adapter, also its values and the matrices as they were before it.
  std::int64_t weights = 0;
  std::int64_t optimizer = 0;  // two moments of the policy
  std::int64_t gradients = 0;  // of every replica, with the matrices packed for training
  std::int64_t decoder = 0;    // the matrices packed for decoding, and a copy of the weights
                               // with rollout.ahead
  // Critic, reward model, reference: all of the above, except for the decoder's.
  std::int64_t auxiliary_models = 0;
  // While sampling: keys, values and current rows of all threads.
  std::int64_t caches = 0;
  // While learning: of a micro-batch on every replica, with the holes between them.
  std::int64_t activations = 0;
  // Completions of a step or an evaluation, with their problems, verdicts, tensors and lines.
  std::int64_t episodes = 0;
  std::int64_t least_episodes = 0;  // the same if every completion is one token

  std::int64_t held() const {
    return program + weights + optimizer + gradients + decoder + auxiliary_models;
  }
  std::int64_t total() const { return held() + caches + activations + episodes; }
  // What the run takes even if its completions are short.
  std::int64_t least() const { return held() + least_episodes; }
};

// The most that a run takes: completions that end early take less.
RunMemory memory_of(const RunShape& run);

// Sentences for the user if the run does not fit into a machine of so many bytes; none if it does.
std::vector<std::string> memory_warnings(const RunShape& run,
                                         std::int64_t machine = total_memory());

// Which settings to change if memory does not suffice: those that the largest share depends on.
std::string memory_advice(const RunMemory& memory);

// Bytes of a checkpoint, by the types of its numbers: the policy with its moments and adapter, the
// auxiliary models (core/run/checkpoint.h knows the bytes of each), and with rollout.ahead a step's
// completions if each is as long as it may be.
std::int64_t checkpoint_bytes_of(const RunShape& run);

// Chooses for train.micro_batch: 0. The largest number of tokens, a power of two from 128 to 4,096,
// with which the run fits into `available` bytes; 128 if none does.
std::int64_t micro_batch_for(RunShape run, std::int64_t available);

}  // namespace tinyzero
