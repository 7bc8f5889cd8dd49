// Gradient updates: a batch and its sequences become a new policy, or a new auxiliary model.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/learn/evaluate_model.h"
#include "core/learn/packing.h"
#include "core/optimizer/optimizer.h"
#include "core/run/noise_scale.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

class ModelWorkers;

struct UpdateOptions {
  std::int64_t updates = 1;  // gradient steps per epoch; problems are divided among them, in order
  std::int64_t epochs = 1;   // passes over the episodes
  std::int64_t micro_batch = 1024;  // tokens that a thread holds at once, about
  double learning_rate = 1e-4;
  double clip_norm = 1.0;    // largest norm of the gradient; 0: not clipped
  double temperature = 1.0;  // of the distributions whose log-probs the loss takes
  UpdateRule rule = UpdateRule::adamw;
  // Called with the episodes of an update that is skipped because its loss or gradient is not
  // finite. The weights are still those from before it.
  std::function<void(const std::vector<std::int64_t>&)> on_skip = nullptr;
  // Called before each gradient step, which changes weights and moments.
  std::function<void()> before_step = nullptr;
  // batch.logp_old is the sampler's: its distance from the trainer's becomes the metric "logp_gap".
  bool measure_gap = true;
  // Each update is computed in two halves, whose agreement becomes the metric "gradient_signal".
  bool measure_signal = false;
};

// What a model learns from.
struct UpdateData {
  const Batch& batch;
  const std::vector<Sequence>& sequences;  // by episode
  at::Tensor live;                         // (B) bool: the episodes that have a gradient
};

struct UpdateReport {
  Metrics metrics;
  // Updates that changed nothing because the loss or its gradient was not finite.
  std::int64_t skipped = 0;
  std::int64_t tokens = 0;  // completion tokens of all updates and passes, the skipped ones too
  GradientSignal signal;    // summed over the updates that measured it
};

// Loss of a micro-batch, from the model's output. `update` is the number of the gradient step
// within the training step, from 0. Divided by micro.all, that update's counts.
using MicroLoss = std::function<at::Tensor(std::int64_t update, const Batch& micro,
                                           const ModelOutput& output, Metrics& metrics)>;

// Takes the gradient steps on one model. Metrics: "loss", "gradient_norm", and the loss's own;
// means over the updates.
UpdateReport update_model(ModelWorkers& workers, Optimizer& optimizer, const MicroLoss& loss,
                          const UpdateData& data, const UpdateOptions& options);

// The policy's updates by an algorithm's loss, on a prepared batch. One mean for each metric of the
// step: "loss", "entropy", "kl", "logp_gap", "gradient_norm", "gradient_signal", and the
// algorithm's own.
UpdateReport update_policy(ModelWorkers& workers, Optimizer& optimizer, const Algorithm& algorithm,
                           const StepBatch& step, const UpdateOptions& options);

// One step of imitation: minimises the mean of -logp over all completion tokens. Returns that mean.
// Throws Failure if the gradient is not finite.
double imitate(ModelWorkers& workers, Optimizer& optimizer, const std::vector<Sequence>& sequences,
               const UpdateOptions& options);

}  // namespace tinyzero
