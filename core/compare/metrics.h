// A run's curve, from its metrics.jsonl.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

struct CurvePoint {
  std::int64_t step = 0;
  double tokens = 0;    // that RL had spent by then
  double seconds = 0;   // that RL had spent by then
  double accuracy = 0;  // on the validation problems, sampled
};

struct RunMetrics {
  // One point for each evaluation; with eval.points, for each of the points.
  std::vector<CurvePoint> curve;
  CurvePoint last;  // after the last recorded step, without an accuracy
};

// The metrics of a run folder; empty if it has none. A last line that was cut off is left out.
// Throws Error for any other line that is not JSON.
RunMetrics read_run_metrics(const fs::path& run);

}  // namespace tinyzero
