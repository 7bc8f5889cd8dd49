// The gradient of a loss by all that learns of a model, summed over everything that computed a part
// of it: what ModelWorkers::run() returns and Optimizer::step() takes.
#pragma once

#include <ATen/ATen.h>

namespace tinyzero {

struct GradientSum {
  // (P) f32 on the CPU, in the order of TrainedWeights::flat(); undefined: the model is frozen.
  // Shares its memory with whoever accumulates into it. Of several ranks, each has the sum in its
  // own range of TrainedWeights::cuts() alone.
  at::Tensor flat;

  void clear() {
    if (flat.defined()) flat.zero_();
  }
};

}  // namespace tinyzero
