#include "core/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::vector<double> all_of(const Scores& scores) {
  std::vector<double> all;
  for (const auto& run : scores) all.insert(all.end(), run.begin(), run.end());
  return all;
}

std::vector<double> task_means(const Scores& scores) {
  std::vector<double> means(scores.front().size());
  for (const auto& run : scores) {
    for (std::size_t t = 0; t < run.size(); ++t)
      means[t] += run[t] / static_cast<double>(scores.size());
  }
  return means;
}

// Linear interpolation between order statistics, as numpy's default; `values` are sorted.
double quantile(const std::vector<double>& values, double share) {
  const double place = share * static_cast<double>(values.size() - 1);
  const std::size_t below = place;
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

// Runs drawn with replacement, for each task by itself.
Scores redrawn(const Scores& scores, Rng& rng) {
  Scores out = scores;
  for (std::size_t t = 0; t < scores.front().size(); ++t) {
    for (auto& run : out) run[t] = scores[rng.below(scores.size())][t];
  }
  return out;
}

constexpr double kTail = 0.025;  // beyond each end of an interval

}  // namespace

Interval wilson_interval(double right, double total) {
  if (total <= 0) return {};
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const double p = right / total, scale = 1.0 + z * z / total;
  const double centre = (p + z * z / (2.0 * total)) / scale;
  const double half = z / scale * std::sqrt(p * (1.0 - p) / total + z * z / (4.0 * total * total));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k) {
  if (n < k) return std::numeric_limits<double>::quiet_NaN();
  double all_wrong = 1.0;
  for (std::int64_t i = 0; i < k; ++i)
    all_wrong *= std::max(0.0, static_cast<double>(n - c - i)) / static_cast<double>(n - i);
  return 1.0 - all_wrong;
}

double interquartile_mean(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  std::sort(values.begin(), values.end());
  const auto cut = static_cast<std::ptrdiff_t>(values.size() / 4);
  return mean_of({values.begin() + cut, values.end() - cut});
}

double aggregate_mean(const Scores& scores) { return mean_of(task_means(scores)); }

double aggregate_median(const Scores& scores) {
  std::vector<double> means = task_means(scores);
  std::sort(means.begin(), means.end());
  return quantile(means, 0.5);
}

double aggregate_iqm(const Scores& scores) { return interquartile_mean(all_of(scores)); }

double optimality_gap(const Scores& scores, double target) {
  std::vector<double> all = all_of(scores);
  for (double& score : all) score = std::min(score, target);
  return target - mean_of(all);
}

double probability_of_improvement(const Scores& x, const Scores& y) {
  double sum = 0;
  const std::size_t tasks = x.front().size();
  for (std::size_t t = 0; t < tasks; ++t) {
    for (const auto& a : x) {
      for (const auto& b : y) sum += a[t] > b[t] ? 1.0 : a[t] == b[t] ? 0.5 : 0.0;
    }
  }
  return sum / static_cast<double>(tasks * x.size() * y.size());
}

std::vector<double> performance_profile(const Scores& scores,
                                        const std::vector<double>& thresholds) {
  const std::vector<double> all = all_of(scores);
  std::vector<double> shares;
  for (const double threshold : thresholds) {
    const auto above =
        std::count_if(all.begin(), all.end(), [&](double score) { return score > threshold; });
    shares.push_back(static_cast<double>(above) / static_cast<double>(all.size()));
  }
  return shares;
}

double line_height(const std::vector<double>& x, const std::vector<double>& y, double at) {
  const auto next = std::upper_bound(x.begin(), x.end(), at) - x.begin();
  if (next == 0) return y.front();
  const std::size_t i = next;
  if (i == x.size()) return y.back();
  return y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1]);
}

double mean_height(const std::vector<double>& x, const std::vector<double>& y, double from,
                   double to) {
  const auto height = [&](double at) { return line_height(x, y, at); };
  if (to <= from) return height(from);
  double area = 0, left = from, left_height = height(from);
  const auto add = [&](double right, double right_height) {
    area += (right - left) * (left_height + right_height) / 2;
    left = right;
    left_height = right_height;
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] > from && x[i] < to) add(x[i], y[i]);
  }
  add(to, height(to));
  return area / (to - from);
}

Interval percentile_interval(std::vector<double> replicates) {
  std::sort(replicates.begin(), replicates.end());
  return {quantile(replicates, kTail), quantile(replicates, 1 - kTail)};
}

Interval stratified_interval(const Scores& scores,
                             const std::function<double(const Scores&)>& statistic,
                             std::int64_t resamples, std::uint64_t seed) {
  const auto one = [&](const Scores& drawn) { return std::vector<double>{statistic(drawn)}; };
  return stratified_intervals(scores, one, resamples, seed).front();
}

std::vector<Interval> stratified_intervals(
    const Scores& scores, const std::function<std::vector<double>(const Scores&)>& statistic,
    std::int64_t resamples, std::uint64_t seed) {
  std::vector<std::vector<double>> replicates;  // by number of the statistic
  Rng rng(seed);
  for (std::int64_t i = 0; i < resamples; ++i) {
    const std::vector<double> values = statistic(redrawn(scores, rng));
    replicates.resize(values.size());
    for (std::size_t k = 0; k < values.size(); ++k) replicates[k].push_back(values[k]);
  }
  std::vector<Interval> out;
  for (auto& each : replicates) out.push_back(percentile_interval(std::move(each)));
  return out;
}

Interval stratified_interval(const Scores& x, const Scores& y,
                             const std::function<double(const Scores&, const Scores&)>& statistic,
                             std::int64_t resamples, std::uint64_t seed) {
  std::vector<double> replicates;
  Rng rng(seed);
  for (std::int64_t i = 0; i < resamples; ++i) {
    const Scores a = redrawn(x, rng);
    replicates.push_back(statistic(a, redrawn(y, rng)));
  }
  return percentile_interval(std::move(replicates));
}

}  // namespace tinyzero
