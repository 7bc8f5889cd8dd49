// From episodes to a packed batch.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/rollout/episodes.h"
#include "core/transformer/operators.h"
#include "tinyzero/batch.h"

namespace tinyzero {

// A prompt and what follows it; only the tokens after the prompt are trained on.
struct Sequence {
  std::vector<std::int32_t> ids;
  std::int64_t prompt = 0;  // tokens of the prompt, at least 1

  std::int64_t completion() const { return std::ssize(ids) - prompt; }
};

// The batch of one step and its sequences, from completions in the order of problems. Episodes that
// the task could not judge are masked. `kept`, if not empty, says by problem whether it is in the
// batch; groups are numbered from 0 as they come.
struct StepBatch {
  Batch batch;
  std::vector<Sequence> sequences;
};
StepBatch make_batch(const std::vector<Prompt>& prompts,
                     const std::vector<ScoredCompletion>& completions, std::int64_t max_tokens,
                     const std::vector<bool>& kept = {});

// What the model is fed: every token but a sequence's last, and which rows predict the tokens that
// are trained on. Neighbouring sequences with the same prompt share its rows: its states and their
// gradients are computed once, which is exact.
struct ModelInput {
  at::Tensor ids;      // (M) int64
  at::Tensor rows;     // (N) int64: the row that predicts each completion token
  at::Tensor targets;  // (N) int64: the completion tokens
  std::shared_ptr<PackedShape> shape;
};

ModelInput pack_input(const std::vector<const Sequence*>& sequences);

// Divides sequences, in order, into runs of about equal length: as few as hold `tokens` tokens each
// on average, rounded up to a multiple of `workers`. Indices of each run; empty runs are left out.
std::vector<std::vector<std::int64_t>> split_by_tokens(const std::vector<std::int64_t>& lengths,
                                                       std::int64_t tokens, std::int64_t workers);

}  // namespace tinyzero
