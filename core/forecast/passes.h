// How often models look at a step's completions.
#pragma once

#include "core/config/experiment.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

// Passes of all models over a step's completions: those that learn, and those that only read.
struct StepPasses {
  double learning = 0;
  double reading = 0;
};
StepPasses passes_of(const Algorithm& algorithm, const TrainSettings& settings);

}  // namespace tinyzero
