// The result of a comparison: comparison.json.
#pragma once

#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/compare/plan.h"
#include "core/compare/runner.h"

namespace tinyzero {

// Reads the runs of the plan and computes their statistics, as docs/comparing.md describes. The
// result is a function of the folder and of the states of the runs: the same comparison gives the
// same numbers, except for measured times.
Json summarize(const Comparison& comparison, const ComparisonPlan& plan, const fs::path& folder,
               const std::vector<RunProgress>& progress);

// The same comparison.json with its statistics computed anew, from what it says of its runs and
// from those run folders that are still in `folder`. With a field "pairs" it has verdicts of all
// pairs. `where` names it in errors. Throws Error if it is no comparison.
Json summarize_again(Json comparison, const fs::path& folder, const std::string& where);

}  // namespace tinyzero
