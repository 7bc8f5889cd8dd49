// From episodes to a packed batch.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tinyzero/batch.h"

namespace tinyzero {

struct PackedShape;
struct Prompt;
struct ScoredCompletion;

// A prompt and what follows it. Only the tokens after the prompt are trained on.
struct Sequence {
  std::vector<std::int32_t> ids;
  std::int64_t prompt = 0;  // tokens of the prompt, at least 1

  std::int64_t completion() const { return std::ssize(ids) - prompt; }
};

// The batch of one step and its sequences.
struct StepBatch {
  Batch batch;
  std::vector<Sequence> sequences;  // by episode
};

// From completions in the order of problems. Episodes that the task could not judge are masked.
// `kept`, if not empty, says by problem whether it is in the batch; groups are numbered from 0 in
// order of appearance.
StepBatch make_batch(const std::vector<Prompt>& prompts,
                     const std::vector<ScoredCompletion>& completions, std::int64_t max_tokens,
                     const std::vector<bool>& kept = {});

// Masks the tokens of cut completions: no loss sees them, but baselines see their rewards.
void mask_truncated(Batch& batch);

// Pointers to all sequences.
std::vector<const Sequence*> pointers_to(const std::vector<Sequence>& sequences);

// Tokens of each sequence, its prompt included.
std::vector<std::int64_t> lengths_of(const std::vector<const Sequence*>& sequences);

// The elements at these indices, in their order.
template <class T>
std::vector<T> elements_at(const std::vector<T>& all, const std::vector<std::int64_t>& indices) {
  std::vector<T> out;
  for (const std::int64_t i : indices) out.push_back(all[i]);
  return out;
}

// What the model is fed: M tokens, all but the last of each sequence, which predict the N tokens
// that are trained on. Neighbouring sequences with the same prompt share its rows: its states and
// their gradients are computed once, which is exact.
struct ModelInput {
  at::Tensor ids;      // (M) int64
  at::Tensor rows;     // (N) int64: the row that predicts each completion token
  at::Tensor targets;  // (N) int64: the completion tokens
  std::shared_ptr<PackedShape> shape;
};

ModelInput pack_input(const std::vector<const Sequence*>& sequences);

// Divides sequences, in order, into micro-batches of about equal length. Their number is the least
// multiple of `workers` for which they have at most `tokens` tokens on average. Indices of each;
// empty ones are left out.
std::vector<std::vector<std::int64_t>> split_by_tokens(const std::vector<std::int64_t>& lengths,
                                                       std::int64_t tokens, std::int64_t workers);

}  // namespace tinyzero
