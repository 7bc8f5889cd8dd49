#include "core/compare/statistics.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "core/eval/inference.h"
#include "core/eval/statistics.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kSeed = 0x636f6d70617265;  // of the bootstrap
constexpr const char* kAxes[] = {"tokens", "steps", "seconds"};
constexpr std::size_t kAxisCount = 3;
constexpr int kThresholds = 20;        // of a performance profile, from 0 to 1
constexpr std::size_t kManyRuns = 10;  // from which an interquartile mean drops single outliers

double on_axis(const CurvePoint& point, std::size_t axis) {
  return axis == 0 ? point.tokens : axis == 1 ? static_cast<double>(point.step) : point.seconds;
}

// Two arms, and what they did with the seeds that both have.
struct Pair {
  const ArmResult* arm;
  const ArmResult* other;
  std::vector<const RunResult*> runs = {};
  std::vector<const RunResult*> others = {};

  std::vector<double> differences(const auto& number) const {
    std::vector<double> out;
    for (std::size_t k = 0; k < runs.size(); ++k)
      out.push_back(number(*runs[k]) - number(*others[k]));
    return out;
  }
};

Pair pair_of(const ArmResult& arm, const ArmResult& other) {
  Pair pair{.arm = &arm, .other = &other};
  for (const auto& [seed, run] : arm.runs) {
    const auto found = other.runs.find(seed);
    if (found == other.runs.end()) continue;
    pair.runs.push_back(&run);
    pair.others.push_back(&found->second);
  }
  return pair;
}

double accuracy_of(const RunResult& run) { return run.accuracy; }

// An estimate with Student's interval, within what the number can be; null without a unit.
Json estimate(const UnitMean& mean, double least, double most) {
  if (mean.units == 0) return nullptr;
  Json out = {{"value", mean.mean}, {"low", nullptr}, {"high", nullptr}};
  if (mean.interval) {
    out["low"] = std::max(least, mean.interval->low);
    out["high"] = std::min(most, mean.interval->high);
  }
  return out;
}

// The same with the spread of the units, and with half of the 95 % interval over other problems.
Json estimate_of_tests(const UnitMean& mean, double least,
                       const std::vector<std::vector<double>>& by_problem,
                       const std::vector<std::int64_t>& cluster) {
  Json out = estimate(mean, least, 1);
  if (out.is_null()) return out;
  out["deviation"] = mean.units > 1 ? Json(mean.deviation) : Json();
  const bool known = !by_problem.front().empty();
  out["problems"] = known ? Json(kNormalQuantile * problem_error(by_problem, cluster)) : Json();
  return out;
}

Json test_accuracy(const ArmResult& arm) {
  std::vector<double> values;
  std::vector<std::vector<double>> by_problem;
  for (const auto& [seed, run] : arm.runs) {
    values.push_back(run.accuracy);
    by_problem.push_back(run.right);
  }
  if (values.empty()) return nullptr;
  return estimate_of_tests(mean_of_units(values), 0, by_problem, arm.runs.begin()->second.cluster);
}

Json test_difference(const Pair& pair) {
  if (pair.runs.empty()) return nullptr;
  std::vector<std::vector<double>> by_problem;
  for (std::size_t k = 0; k < pair.runs.size(); ++k) {
    by_problem.push_back(pair.runs[k]->right);
    for (std::size_t p = 0; p < by_problem.back().size(); ++p)
      by_problem.back()[p] -= pair.others[k]->right[p];
  }
  return estimate_of_tests(mean_of_units(pair.differences(accuracy_of)), -1, by_problem,
                           pair.runs.front()->cluster);
}

Scores as_scores(const std::vector<const RunResult*>& runs) {
  Scores scores;
  for (const RunResult* run : runs) scores.push_back({run->accuracy});
  return scores;
}

std::vector<double> thresholds() {
  std::vector<double> out;
  for (double i = 0; i <= kThresholds; ++i) out.push_back(i / kThresholds);
  return out;
}

std::string verdict(const Pair& pair, const std::optional<double>& p_holm, double difference) {
  if (pair.runs.empty()) return "no result";
  if (!p_holm) return "anecdotal";
  if (*p_holm > kLevel) return "undecided";
  return difference > 0 ? "better" : "worse";
}

class Statistics {
 public:
  explicit Statistics(const ComparedResults& results) : results_(results) {
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) range_[axis] = range_of(axis);
    knots_ = knot_count();
    judge_pairs();
  }

  void add_to(Json& comparison) const {
    comparison["version"] = 2;
    Json ranges = Json::object();
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) ranges[kAxes[axis]] = range_[axis];
    comparison["area_ranges"] = ranges;
    comparison["knots"] = knots_;
    for (std::size_t a = 0; a < results_.arms.size(); ++a) add_arm(comparison["arms"][a], a);
    if (!results_.all_pairs) return;
    Json pairs = Json::array();
    for (std::size_t i = 0; i < pairs_.size(); ++i) pairs.push_back(pair_json(i));
    comparison["pairs"] = pairs;
  }

 private:
  // The part of an axis on which curves are compared: the budget on its own axis, what every run
  // reached on the others.
  double range_of(std::size_t axis) const {
    if (results_.unit == kAxes[axis]) return results_.budget;
    double shortest = std::numeric_limits<double>::infinity();
    for (const ArmResult& arm : results_.arms) {
      for (const auto& [seed, run] : arm.runs) {
        if (learns(arm.role)) shortest = std::min(shortest, on_axis(run.metrics.last, axis));
      }
    }
    return std::isfinite(shortest) ? shortest : 0;
  }

  // Into how many equal parts the range is divided for all curves: as many as the run with the
  // fewest evaluations has. A line through fewer points lies lower where a curve bends, so curves
  // are comparable only at the same places.
  std::int64_t knot_count() const {
    std::int64_t fewest = std::numeric_limits<std::int64_t>::max();
    for (const ArmResult& arm : results_.arms) {
      for (const auto& [seed, run] : arm.runs) {
        if (learns(arm.role)) fewest = std::min(fewest, std::ssize(run.metrics.curve) - 1);
      }
    }
    return fewest == std::numeric_limits<std::int64_t>::max() ? 1
                                                              : std::max<std::int64_t>(1, fewest);
  }

  double knot(std::int64_t k, std::size_t axis) const {
    return range_[axis] * static_cast<double>(k) / static_cast<double>(knots_);
  }

  // A run's accuracy on validation problems at the knots.
  std::vector<double> heights(const RunResult& run, std::size_t axis) const {
    std::vector<double> x, y, out;
    for (const CurvePoint& point : run.metrics.curve) {
      x.push_back(on_axis(point, axis));
      y.push_back(point.accuracy);
    }
    for (std::int64_t k = 0; k <= knots_; ++k) out.push_back(line_height(x, y, knot(k, axis)));
    return out;
  }

  double area(const RunResult& run, std::size_t axis) const {
    std::vector<double> x;
    for (std::int64_t k = 0; k <= knots_; ++k) x.push_back(knot(k, axis));
    return mean_height(x, heights(run, axis), 0, range_[axis]);
  }

  // Whether a verdict is asked for: not between controls.
  bool is_judged(std::size_t a, std::size_t other) const {
    const auto is_arm = [&](std::size_t i) { return results_.arms[i].role == ArmRole::arm; };
    return other == 0 || (results_.all_pairs && (is_arm(a) || is_arm(other)));
  }

  void judge_pairs() {
    for (std::size_t other = 0; other < results_.arms.size(); ++other) {
      for (std::size_t a = other + 1; a < results_.arms.size(); ++a) {
        if (is_judged(a, other)) pairs_.push_back(pair_of(results_.arms[a], results_.arms[other]));
      }
    }
    std::vector<double> tested;
    for (const Pair& pair : pairs_) {
      p_.push_back(mean_of_units(pair.differences(accuracy_of)).p);
      if (p_.back()) tested.push_back(*p_.back());
    }
    const std::vector<double> adjusted = holm_adjusted(tested);
    auto next = adjusted.begin();
    for (const auto& p : p_) p_holm_.push_back(p ? std::optional(*next++) : std::nullopt);
  }

  Json area_estimates(const auto& of_axis) const {
    Json out = Json::object();
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) out[kAxes[axis]] = of_axis(axis);
    return out;
  }

  void add_arm(Json& out, std::size_t a) const {
    const ArmResult& arm = results_.arms[a];
    std::vector<const RunResult*> runs;
    for (const auto& [seed, run] : arm.runs) runs.push_back(&run);
    out["test_accuracy"] = test_accuracy(arm);
    out["area"] = area_estimates([&](std::size_t axis) {
      std::vector<double> areas;
      for (const RunResult* run : runs) areas.push_back(area(*run, axis));
      return estimate(mean_of_units(areas), 0, 1);
    });
    out["curve"] = curve(runs);
    add_robust(out, as_scores(runs));
    for (Json& run : out["runs"]) {
      if (run["state"] != "ok") continue;
      const RunResult& result = arm.runs.at(run["seed"].get<std::int64_t>());
      run["area"] = area_estimates([&](std::size_t axis) { return area(result, axis); });
    }
    if (a > 0) out["against_first"] = pair_json(a - 1);
  }

  // The mean over seeds of the validation curves, at the knots of the budget.
  Json curve(const std::vector<const RunResult*>& runs) const {
    const std::size_t axis =
        std::find(std::begin(kAxes), std::end(kAxes), results_.unit) - std::begin(kAxes);
    std::vector<std::vector<double>> at_knots(knots_ + 1);
    for (const RunResult* run : runs) {
      const std::vector<double> of_run = heights(*run, axis);
      for (std::size_t k = 0; k < at_knots.size(); ++k) at_knots[k].push_back(of_run[k]);
    }
    Json out = Json::array();
    for (std::int64_t k = 0; k <= knots_ && !runs.empty(); ++k) {
      Json point = {{results_.unit, knot(k, axis)}};
      point.update(estimate(mean_of_units(at_knots[k]), 0, 1));
      out.push_back(point);
    }
    return out;
  }

  // rliable's view of the runs: a profile and, of many, the interquartile mean.
  void add_robust(Json& out, const Scores& scores) const {
    const auto at = thresholds();
    const auto statistic = [&](const Scores& drawn) {
      std::vector<double> values = performance_profile(drawn, at);
      values.push_back(aggregate_iqm(drawn));
      return values;
    };
    Json profile = Json::array();
    out.erase("interquartile_mean");
    if (!scores.empty()) {
      const std::vector<double> values = statistic(scores);
      const auto intervals = stratified_intervals(scores, statistic, results_.resamples, kSeed);
      const auto entry = [&](std::size_t i) -> Json {
        return {{"value", values[i]}, {"low", intervals[i].low}, {"high", intervals[i].high}};
      };
      for (std::size_t i = 0; i < at.size(); ++i) {
        profile.push_back(entry(i));
        profile.back()["above"] = at[i];
      }
      if (scores.size() >= kManyRuns) out["interquartile_mean"] = entry(at.size());
    }
    out["profile"] = profile;
  }

  Json pair_json(std::size_t i) const {
    const Pair& pair = pairs_[i];
    const Json difference = test_difference(pair);
    Json out = {{"arm", pair.arm->name}, {"first", pair.other->name}, {"seeds", pair.runs.size()}};
    out["difference"] = difference;
    out["p"] = p_[i] ? Json(*p_[i]) : Json();
    out["p_holm"] = p_holm_[i] ? Json(*p_holm_[i]) : Json();
    out["verdict"] =
        verdict(pair, p_holm_[i], difference.is_null() ? 0 : difference["value"].get<double>());
    out["probability_of_improvement"] = improvement(pair);
    out["area_difference"] = area_estimates([&](std::size_t axis) {
      const auto of_run = [&](const RunResult& run) { return area(run, axis); };
      return estimate(mean_of_units(pair.differences(of_run)), -1, 1);
    });
    return out;
  }

  static Json improvement(const Pair& pair) {
    if (pair.runs.empty()) return nullptr;
    const std::size_t seeds = pair.runs.size();
    const double value = probability_of_improvement(as_scores(pair.runs), as_scores(pair.others));
    const Interval interval = improvement_interval(value, seeds, seeds);
    return {{"value", value}, {"low", interval.low}, {"high", interval.high}};
  }

  const ComparedResults& results_;
  double range_[kAxisCount] = {};
  std::int64_t knots_ = 1;
  std::vector<Pair> pairs_;  // with the first arm, in the order of the arms; then others
  std::vector<std::optional<double>> p_, p_holm_;  // by pair; none: too few seeds
};

}  // namespace

void add_statistics(Json& comparison, const ComparedResults& results) {
  Statistics(results).add_to(comparison);
}

}  // namespace tinyzero
