// A synthetic update to be measured: a batch of random tokens, and a clipped policy gradient on it.
#pragma once

#include <cstdint>
#include <vector>

#include "core/cli/torch/bench_result.h"
#include "core/learn/model_workers.h"
#include "core/learn/update.h"

namespace tinyzero {

// Prompts and completions of random tokens as a step's batch; lengths are those of the completions.
StepBatch random_step(const std::vector<Prompt>& prompts, const std::vector<std::int64_t>& lengths,
                      std::int64_t vocab, std::int64_t max_tokens);

class BenchUpdate {
 public:
  // `model` must outlive this.
  BenchUpdate(Model& model, StepBatch step, std::int64_t threads);

  // One update; returns its seconds.
  double run();
  // Times of one more update, which is profiled.
  PhaseTimes profile();

  const StepBatch& step() const { return step_; }

 private:
  ModelWorkers workers_;
  Optimizer optimizer_;
  StepBatch step_;
  UpdateOptions options_;
};

}  // namespace tinyzero
