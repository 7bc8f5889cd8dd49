// What a handful of independent units (the seeds of a comparison) say about a mean: Student's t,
// Holm's correction, what a difference costs in units, and what the choice of problems adds.
//
// The test is Student's and not the exact sign-flip test: with n units the latter has no p below
// 2 / 2^n, which is 0.06 for five seeds, so that five seeds could never decide anything.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/eval/statistics.h"

namespace tinyzero {

inline constexpr double kLevel = 0.05;                        // of tests; intervals hold 1 - kLevel
inline constexpr double kNormalQuantile = 1.959963984540054;  // of the normal, at 1 - kLevel / 2

// The mean of independent numbers.
struct UnitMean {
  std::size_t units = 0;
  double mean = 0;
  // From two units on:
  double deviation = 0;                   // sample standard deviation
  std::optional<Interval> interval = {};  // Student's, of the mean
  std::optional<double> p = {};           // two-sided, of a true mean of 0
};
UnitMean mean_of_units(const std::vector<double>& values);

// The 95 % interval of a standard deviation that was measured on so many units (chi-square).
Interval deviation_interval(double deviation, std::size_t units);

// Holm's step-down adjustment (Scand. J. Stat. 1979): rejecting what is at most kLevel keeps the
// chance of any false rejection at most kLevel, however the tests depend on each other.
std::vector<double> holm_adjusted(const std::vector<double>& p);

// The interval of a probability of improvement (statistics.h) between `x` and `y` units: Hanley and
// McNeil's variance (Radiology 1982), solved at the interval's ends as Wilson's is (Newcombe, Stat.
// Med. 2006, part 2, method 5). Unlike bootstrap percentiles it is no point where all units of one
// side are above all of the other.
Interval improvement_interval(double improvement, std::size_t x, std::size_t y);

// Chance that the t test finds a true mean of `difference` at this level, if the numbers are normal
// with this standard deviation.
double t_power(double difference, double deviation, std::size_t units, double level = kLevel);

// The fewest units, from 2, for a chance of `power`; none if that is more than 10,000.
std::optional<std::size_t> units_for(double difference, double deviation, double power,
                                     double level = kLevel);

// The smallest difference that so many units find with a chance of `power`.
double detectable_difference(double deviation, std::size_t units, double power,
                             double level = kLevel);

// Standard error that the choice of problems adds to the mean of a table over units and problems,
// beyond what the spread of the units already holds: the variance of the problems' means less the
// noise of completions in them. `values` is [unit][problem]. Problems with the same `cluster`, by
// problem, are drawn together; empty: each for itself. With one unit the noise of completions
// cannot be told apart and is included.
double problem_error(const std::vector<std::vector<double>>& values,
                     const std::vector<std::int64_t>& cluster);

}  // namespace tinyzero
