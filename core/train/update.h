// Gradient updates: a batch and its sequences become a new policy.
#pragma once

#include <vector>

#include "core/train/optimizer.h"
#include "core/train/packing.h"
#include "core/train/policy_workers.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

struct UpdateOptions {
  std::int64_t updates = 1;         // gradient steps; problems are divided evenly among them
  std::int64_t micro_batch = 1024;  // tokens that a thread holds at once, about
  double learning_rate = 1e-4;
  double clip_norm = 1.0;
  double temperature = 1.0;   // of sampling: log-probs are of the same distribution
  std::int64_t problems = 0;  // Q
  UpdateRule rule = UpdateRule::adamw;
};

// One mean for each metric of the step: "loss", "entropy", "kl", "logp_gap", "gradient_norm", and the algorithm's own.
// Throws Failure if a gradient is not finite.
Metrics update_policy(PolicyWorkers& workers, Optimizer& optimizer, const Algorithm& algorithm, const Batch& batch,
                      const std::vector<Sequence>& sequences, const UpdateOptions& options);

// One step of imitation: minimises the mean of -logp over all completion tokens. Returns that mean.
double imitate(PolicyWorkers& workers, Optimizer& optimizer, const std::vector<Sequence>& sequences, const UpdateOptions& options);

}  // namespace tinyzero
