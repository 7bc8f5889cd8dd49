// Intervals of what was measured on a set of problems. The problems are the clusters: several
// completions of one problem are not as many independent trials.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/eval/statistics.h"

namespace tinyzero {

// Completions of one problem that are right, of those that were judged.
struct Tally {
  double right = 0, judged = 0;
};

// Wilson's 95 % interval of the share of right completions at the effective sample size p(1-p)/v,
// with v the variance of the share between problems, and at most one trial a completion (Franco,
// Little, Louis, Slud 2019, J. Surv. Stat. Methodol. 7). With one completion a problem it is
// Wilson's own. If all are right, or none, a problem is one trial.
Interval clustered_wilson(const std::vector<Tally>& tallies);

// Mean over problems with its 95 % interval: bootstrap percentiles over the values, 10,000
// resamples that are the same every time.
struct MeanInterval {
  double mean = 0, low = 0, high = 0;
  std::size_t count = 0;  // of values; with none, all are 0
};
MeanInterval bootstrap_mean(const std::vector<double>& values);

// How much larger the share of right completions is in `b` than in `a`, over the problems that were
// judged in both. Both hold the same problems in the same order.
MeanInterval paired_difference(const std::vector<Tally>& a, const std::vector<Tally>& b);

// Unbiased pass@k of each problem that has at least k judged completions.
std::vector<double> pass_values(const std::vector<Tally>& tallies, std::int64_t k);

// Their mean with its interval; where all problems are alike, 0 or 1, there is nothing to resample,
// and it is Wilson's.
MeanInterval pass_interval(const std::vector<Tally>& tallies, std::int64_t k);

}  // namespace tinyzero
