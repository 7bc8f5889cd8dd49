// A run's curve, from its metrics.jsonl.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

struct CurvePoint {
  std::int64_t step = 0;
  double tokens = 0, seconds = 0;  // what RL had spent by then
  double accuracy = 0;             // on the validation problems, sampled
};

struct RunMetrics {
  std::vector<CurvePoint> curve;  // one point an evaluation
  CurvePoint last;                // after the last step that is recorded; its accuracy says nothing
};

// What is there of it; empty if there is nothing. A last line that is cut is left out. Throws Error
// for any other line that is not JSON.
RunMetrics read_run_metrics(const fs::path& run);

}  // namespace tinyzero
