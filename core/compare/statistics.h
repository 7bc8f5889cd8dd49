// The statistics of a comparison. Their unit is the seed: an interval is Student's over seeds, two
// arms are tested by their paired differences, and the p of all verdicts are adjusted together
// (core/eval/inference.h). docs/comparing.md describes every number.
#pragma once

#include "core/base/json.h"
#include "core/compare/results.h"

namespace tinyzero {

// Sets the fields of comparison.json that are computed: "version", "area_ranges", "knots" and, by
// arm, "test_accuracy", "area", "curve", "profile", "interquartile_mean" and "against_first", and
// the areas of runs; and "pairs", if results.all_pairs. `comparison` is what `results` were read
// from.
void add_statistics(Json& comparison, const ComparedResults& results);

}  // namespace tinyzero
