// Numbers with their uncertainty.
//
// Aggregates of scores are those of rliable (arXiv:2108.13264): a score is a number of one run on
// one task, `Scores` holds [run][task]. Intervals are bootstrap intervals; their randomness is
// counter-based, so the same scores give the same interval everywhere.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

namespace tinyzero {

struct Interval {
  double low = 0, high = 1;
};

// Wilson's 95 % interval of a share: `right` of `total` (Wilson 1927, JASA 22). [0, 1] for a total
// of 0.
Interval wilson_interval(double right, double total);

// Unbiased pass@k of one problem: 1 - C(n-c, k) / C(n, k) for c right of n samples
// (arXiv:2107.03374); NaN if n < k.
double pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k);

// Mean of what is left when the lowest and the highest quarter, each rounded down to whole values,
// are dropped; NaN of nothing.
double interquartile_mean(std::vector<double> values);

using Scores = std::vector<std::vector<double>>;  // [run][task]; every run has the same tasks

double aggregate_mean(const Scores& scores);
double aggregate_median(const Scores& scores);  // of the tasks' means
double aggregate_iqm(const Scores& scores);     // over all runs and tasks together
// How far scores fall short of `target`, in the mean; those above it count as it.
double optimality_gap(const Scores& scores, double target = 1.0);
// Chance that a run of x scores higher than a run of y on the same task, ties half; mean over
// tasks.
double probability_of_improvement(const Scores& x, const Scores& y);
// For each threshold, the share of runs and tasks that score above it.
std::vector<double> performance_profile(const Scores& scores,
                                        const std::vector<double>& thresholds);

// Height of the line through (x, y) at `at`. It goes on level before the first point and after
// the last. x rises.
double line_height(const std::vector<double>& x, const std::vector<double>& y, double at);

// Mean height of that line from x = `from` to `to`.
double mean_height(const std::vector<double>& x, const std::vector<double>& y, double from,
                   double to);

// The interval between the 2.5 % and the 97.5 % percentile of bootstrap replicates.
Interval percentile_interval(std::vector<double> replicates);

// rliable's stratified bootstrap: each replicate draws runs with replacement, for each task by
// itself. Plain percentiles.
Interval stratified_interval(const Scores& scores,
                             const std::function<double(const Scores&)>& statistic,
                             std::int64_t resamples, std::uint64_t seed);
// The same for a statistic of several numbers: an interval for each.
std::vector<Interval> stratified_intervals(
    const Scores& scores, const std::function<std::vector<double>(const Scores&)>& statistic,
    std::int64_t resamples, std::uint64_t seed);
// The same for a statistic of two sets of runs, which are drawn independently of each other.
Interval stratified_interval(const Scores& x, const Scores& y,
                             const std::function<double(const Scores&, const Scores&)>& statistic,
                             std::int64_t resamples, std::uint64_t seed);

}  // namespace tinyzero
