#include "core/eval/problem_intervals.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr int kResamples = 10000;
constexpr std::uint64_t kBootstrapSeed = 0x626f6f74;

}  // namespace

Interval clustered_wilson(const std::vector<Tally>& tallies) {
  double right = 0, judged = 0, problems = 0;
  for (const Tally& t : tallies) {
    right += t.right;
    judged += t.judged;
    problems += t.judged > 0 ? 1 : 0;
  }
  if (judged <= 0) return {};
  const double p = right / judged;
  double variance = 0;
  for (const Tally& t : tallies) variance += (t.right - p * t.judged) * (t.right - p * t.judged);
  variance /= judged * judged;
  const double trials = variance > 0 ? std::min(judged, p * (1 - p) / variance) : problems;
  return wilson_interval(p * trials, trials);
}

MeanInterval bootstrap_mean(const std::vector<double>& values) {
  const auto n = values.size();
  if (n == 0) return {};
  const auto mean = [&](double sum) { return sum / static_cast<double>(n); };
  Rng rng(kBootstrapSeed, {n});
  std::vector<double> means(kResamples);
  for (double& resampled : means) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += values[rng.uniform() * static_cast<double>(n)];
    resampled = mean(sum);
  }
  std::sort(means.begin(), means.end());
  return {mean(std::accumulate(values.begin(), values.end(), 0.0)), means[kResamples / 40],
          means[kResamples - 1 - kResamples / 40], n};
}

MeanInterval paired_difference(const std::vector<Tally>& a, const std::vector<Tally>& b) {
  if (a.size() != b.size()) throw std::invalid_argument("tallies of different problems");
  std::vector<double> differences;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].judged > 0 && b[i].judged > 0)
      differences.push_back(b[i].right / b[i].judged - a[i].right / a[i].judged);
  }
  return bootstrap_mean(differences);
}

std::vector<double> pass_values(const std::vector<Tally>& tallies, std::int64_t k) {
  std::vector<double> values;
  for (const Tally& t : tallies) {
    if (t.judged >= static_cast<double>(k)) values.push_back(pass_at_k(t.judged, t.right, k));
  }
  return values;
}

MeanInterval pass_interval(const std::vector<Tally>& tallies, std::int64_t k) {
  MeanInterval out = bootstrap_mean(pass_values(tallies, k));
  if (out.count == 0 || (out.mean > 0 && out.mean < 1)) return out;
  const double problems = out.count;
  const Interval wilson = wilson_interval(out.mean * problems, problems);
  return {out.mean, wilson.low, wilson.high, out.count};
}

}  // namespace tinyzero
