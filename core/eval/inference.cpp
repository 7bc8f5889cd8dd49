#include "core/eval/inference.h"

#include <algorithm>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <numeric>

namespace tinyzero {
namespace {

constexpr std::size_t kMostUnits = 10000;
constexpr double kFar = 20;    // standard errors
constexpr int kHalvings = 60;  // of a search between two bounds

double t_quantile(std::size_t units, double level) {
  const boost::math::students_t t(static_cast<double>(units) - 1);
  return boost::math::quantile(t, 1 - level / 2);
}

// Where `holds` ends, which is true at `inside` and false beyond some place before `outside`.
template <class Holds>
double boundary(double inside, double outside, const Holds& holds) {
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = (inside + outside) / 2;
    (holds(middle) ? inside : outside) = middle;
  }
  return inside;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// Variance of a mean over problems, as it differs between their clusters. `deviations` sum to 0.
double clustered_variance(const std::vector<double>& deviations,
                          const std::vector<std::int64_t>& cluster) {
  std::map<std::int64_t, double> sums;
  for (std::size_t p = 0; p < deviations.size(); ++p)
    sums[cluster.empty() ? static_cast<std::int64_t>(p) : cluster[p]] += deviations[p];
  const double problems = static_cast<double>(deviations.size());
  const double clusters = static_cast<double>(sums.size());
  if (clusters < 2) return 0;
  double squares = 0;
  for (const auto& [name, sum] : sums) squares += sum * sum;
  return squares / (problems * problems) * clusters / (clusters - 1);
}

}  // namespace

UnitMean mean_of_units(const std::vector<double>& values) {
  UnitMean out{.units = values.size()};
  const double n = static_cast<double>(values.size());
  if (values.empty()) return out;
  out.mean = sum_of(values) / n;
  if (values.size() < 2) return out;
  double squares = 0;
  for (const double value : values) squares += (value - out.mean) * (value - out.mean);
  out.deviation = std::sqrt(squares / (n - 1));
  const double error = out.deviation / std::sqrt(n);
  const double half = t_quantile(values.size(), kLevel) * error;
  out.interval = Interval{out.mean - half, out.mean + half};
  if (error > 0) {
    const boost::math::students_t t(n - 1);
    out.p = 2 * boost::math::cdf(t, -std::abs(out.mean) / error);
  } else {
    out.p = out.mean == 0 ? 1 : 0;
  }
  return out;
}

Interval deviation_interval(double deviation, std::size_t units) {
  const double degrees = static_cast<double>(units) - 1;
  const boost::math::chi_squared chi(degrees);
  const auto end = [&](double share) {
    return deviation * std::sqrt(degrees / boost::math::quantile(chi, share));
  };
  return {end(1 - kLevel / 2), end(kLevel / 2)};
}

std::vector<double> holm_adjusted(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> out(p.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, p[order[i]] * static_cast<double>(p.size() - i));
    out[order[i]] = std::min(1.0, least);
  }
  return out;
}

Interval improvement_interval(double improvement, std::size_t x, std::size_t y) {
  const double pairs = static_cast<double>(x * y);
  const double others = static_cast<double>(x + y) / 2 - 1;
  const auto holds = [&](double truth) {
    const double skew = (1 - truth) / (2 - truth) + truth / (1 + truth);
    const double variance = truth * (1 - truth) * (1 + others * skew) / pairs;
    return std::abs(improvement - truth) <= kNormalQuantile * std::sqrt(variance);
  };
  // At the measured value itself the distance is 0.
  return {boundary(improvement, 0, holds), boundary(improvement, 1, holds)};
}

double t_power(double difference, double deviation, std::size_t units, double level) {
  if (deviation <= 0) return difference != 0 ? 1 : level;
  const double n = static_cast<double>(units);
  const double bound = t_quantile(units, level);
  const double shift = std::abs(difference) / deviation * std::sqrt(n);
  if (shift == 0) return level;
  if (shift > bound + kFar) return 1;  // where the distribution's series is slow
  const boost::math::non_central_t t(n - 1, shift);
  return boost::math::cdf(boost::math::complement(t, bound)) + boost::math::cdf(t, -bound);
}

std::optional<std::size_t> units_for(double difference, double deviation, double power,
                                     double level) {
  const auto suffices = [&](std::size_t units) {
    return t_power(difference, deviation, units, level) >= power;
  };
  if (!suffices(kMostUnits)) return std::nullopt;
  std::size_t low = 1, high = 2;
  while (!suffices(high)) {
    low = high;
    high = std::min(kMostUnits, 2 * high);
  }
  while (high - low > 1) {
    const std::size_t middle = (low + high) / 2;
    (suffices(middle) ? high : low) = middle;
  }
  return high;
}

double detectable_difference(double deviation, std::size_t units, double power, double level) {
  const auto is_missed = [&](double difference) {
    return t_power(difference, deviation, units, level) < power;
  };
  if (deviation <= 0) return 0;
  double far = deviation;
  while (is_missed(far)) far *= 2;
  return boundary(0, far, is_missed);
}

double problem_error(const std::vector<std::vector<double>>& values,
                     const std::vector<std::int64_t>& cluster) {
  const std::size_t units = values.size(), problems = values.front().size();
  std::vector<double> of_unit, of_problem(problems);
  for (const auto& row : values) {
    of_unit.push_back(sum_of(row) / static_cast<double>(problems));
    for (std::size_t p = 0; p < problems; ++p) of_problem[p] += row[p] / static_cast<double>(units);
  }
  const double mean = sum_of(of_unit) / static_cast<double>(units);
  std::vector<double> deviations;
  for (const double value : of_problem) deviations.push_back(value - mean);
  double variance = clustered_variance(deviations, cluster);
  if (units > 1 && problems > 1) {
    double residuals = 0;
    for (std::size_t u = 0; u < units; ++u) {
      for (std::size_t p = 0; p < problems; ++p) {
        const double residual = values[u][p] - of_unit[u] - deviations[p];
        residuals += residual * residual;
      }
    }
    const double cells = static_cast<double>(units * problems);
    const double degrees = static_cast<double>((units - 1) * (problems - 1));
    variance -= residuals / degrees / cells;
  }
  return std::sqrt(std::max(0.0, variance));
}

}  // namespace tinyzero
