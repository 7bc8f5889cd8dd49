// What came out of a comparison: comparison.json.
#pragma once

#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/compare/plan.h"
#include "core/compare/runner.h"

namespace tinyzero {

// Reads the runs of the plan and computes their statistics, as docs/comparing.md describes. A
// function of what the folder holds and of the states of the runs: the same comparison gives the
// same numbers, but for what a clock said.
Json summarize(const Comparison& comparison, const ComparisonPlan& plan, const fs::path& folder,
               const std::vector<RunProgress>& progress);

}  // namespace tinyzero
