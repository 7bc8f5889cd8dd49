// Gradient updates: a batch and its sequences become a new policy, or a new auxiliary model.
#pragma once

#include <functional>
#include <vector>

#include "core/learn/model_workers.h"
#include "core/learn/packing.h"
#include "core/optimizer/optimizer.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

struct UpdateOptions {
  std::int64_t updates = 1;  // gradient steps an epoch; problems are divided among them, in order
  std::int64_t epochs = 1;   // passes over the episodes
  std::int64_t micro_batch = 1024;  // tokens that a thread holds at once, about
  double learning_rate = 1e-4;
  double clip_norm = 1.0;
  double temperature = 1.0;  // log-probs are of the distribution at it
  UpdateRule rule = UpdateRule::adamw;
  // Called for an update that is skipped because its loss or gradient is not finite, with its
  // episodes; the weights are still as before it.
  std::function<void(const std::vector<std::int64_t>&)> on_skip = nullptr;
  // Called before each gradient step, which changes weights and moments.
  std::function<void()> before_step = nullptr;
  bool measure_gap = true;  // batch.logp_old is the sampler's: its distance from the trainer's is a
                            // metric, "logp_gap"
};

// What a model says of a batch's completion tokens, each (N) or undefined: log-probs and entropies,
// or values.
struct ModelOutput {
  at::Tensor logp, entropy, value;
};

struct UpdateReport {
  Metrics metrics;
  std::int64_t skipped =
      0;  // updates that changed nothing because the loss or its gradient was not finite
  std::int64_t tokens = 0;  // completion tokens that were learned from, once a pass
};

// Loss of a micro-batch of the step's update number `update` (from 0) from the model's output,
// divided by the update's counts.
using MicroLoss = std::function<at::Tensor(std::int64_t update, const Batch& micro,
                                           const ModelOutput& output, Metrics& metrics)>;

// Takes the gradient steps on one model. `live` (B) bool: the episodes that have a gradient.
// Metrics: "loss", "gradient_norm", and the loss's own; means over the updates.
UpdateReport update_model(ModelWorkers& workers, Optimizer& optimizer, const MicroLoss& loss,
                          const Batch& batch, const std::vector<Sequence>& sequences,
                          const at::Tensor& live, const UpdateOptions& options);

// The policy's updates by an algorithm's loss. One mean for each metric of the step: "loss",
// "entropy", "kl", "logp_gap", "gradient_norm", and the algorithm's own.
UpdateReport update_policy(ModelWorkers& workers, Optimizer& optimizer, const Algorithm& algorithm,
                           const Batch& batch, const std::vector<Sequence>& sequences,
                           const UpdateOptions& options);

// What the model says of all completion tokens, in the order of sequences. No gradient.
ModelOutput evaluate_model(ModelWorkers& workers, const std::vector<Sequence>& sequences,
                           std::int64_t micro_batch, double temperature);

// One step of imitation: minimises the mean of -logp over all completion tokens. Returns that mean.
// Throws Failure if the gradient is not finite.
double imitate(ModelWorkers& workers, Optimizer& optimizer, const std::vector<Sequence>& sequences,
               const UpdateOptions& options);

}  // namespace tinyzero
