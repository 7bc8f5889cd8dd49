// Small random steps, on which an algorithm is checked.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tinyzero/batch.h"

namespace tinyzero {

struct StepShape {
  std::int64_t problems = 6;
  std::int64_t samples = 4;      // of a problem
  std::int64_t longest = 9;      // tokens of a completion
  std::int64_t max_tokens = 12;  // that a completion may have
  double unusable = 0.15;        // share of the episodes
  double masked = 0;             // share of the usable episodes' tokens that are not trained on
  // Distance of the policy from the one that sampled, in nats per token; 0: ratios are 1.
  double drift = 0.2;
};

struct TrialStep {
  Batch batch;         // not prepared
  at::Tensor logp;     // (N) of the policy in training
  at::Tensor entropy;  // (N) of the same
  std::string name;    // in reports: "case 3 (6 problems x 4 samples, 101 tokens)"
};

// Step `index` of a seed, with right and wrong answers in most groups, and a group whose rewards
// are all equal.
TrialStep random_step(std::uint64_t seed, std::uint64_t index, const StepShape& shape = {});

// Sets the masks and counts of a step by its `usable`, after a change of that.
void count_usable(TrialStep& step);

// The episodes of a step in another order, or only a few. Counts stay. `order` (b) holds numbers of
// episodes.
TrialStep reordered(const TrialStep& step, const std::vector<std::int64_t>& order);

// The tokens (n) of these episodes, one episode after the other.
at::Tensor tokens_of(const Batch& batch, const std::vector<std::int64_t>& episodes);

// The step without the problems for which `kept` (groups) bool is false. Groups are numbered anew.
TrialStep without_groups(const TrialStep& step, const at::Tensor& kept);

// "token 3 of episode 7": the position of token `t` of a batch.
std::string token_name(const Batch& batch, std::int64_t t);

}  // namespace tinyzero
