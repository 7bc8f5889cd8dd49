#include "core/compare/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "core/base/error.h"
#include "core/compare/metrics.h"
#include "core/compare/tested_run.h"
#include "core/eval/statistics.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kSeed = 0x636f6d70617265;  // of the bootstrap
constexpr const char* kAxes[] = {"tokens", "steps", "seconds"};
constexpr std::size_t kAxisCount = 3;
constexpr int kThresholds = 20;  // of a performance profile, from 0 to 1

double on_axis(const CurvePoint& point, std::size_t axis) {
  return axis == 0 ? point.tokens : axis == 1 ? static_cast<double>(point.step) : point.seconds;
}

// A run that ended well.
struct GoodRun {
  std::int64_t seed = 0;
  RunMetrics metrics;
  TestedRun tested;
  std::vector<double> right;     // share of right completions by test problem
  double area[kAxisCount] = {};  // mean height of the validation curve over an axis
  double accuracy = 0;           // on the test problems
  double drawn = 0;              // on the problems of the current bootstrap draw
};

// A statistic, with its values on the replicates of the bootstrap.
struct Estimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> replicates;

  Json json(std::size_t seeds) const {
    if (replicates.empty()) return nullptr;
    const Interval interval = percentile_interval(replicates, seeds);
    return {{"value", value}, {"low", interval.low}, {"high", interval.high}};
  }
};

using Pick = double (*)(const GoodRun&, std::size_t);

double drawn_accuracy(const GoodRun& run, std::size_t) { return run.drawn; }
double whole_accuracy(const GoodRun& run, std::size_t) { return run.accuracy; }
double area_on(const GoodRun& run, std::size_t axis) { return run.area[axis]; }

std::vector<double> picked(const std::vector<const GoodRun*>& runs, Pick pick,
                           std::size_t axis = 0) {
  std::vector<double> out;
  for (const GoodRun* run : runs) out.push_back(pick(*run, axis));
  return out;
}

std::vector<const GoodRun*> drawn_runs(const std::vector<const GoodRun*>& runs,
                                       const Resample& draw) {
  std::vector<const GoodRun*> out;
  for (std::size_t k = 0; k < runs.size(); ++k) out.push_back(runs[draw.unit(k, runs.size())]);
  return out;
}

Scores as_scores(const std::vector<double>& values) {
  Scores scores;
  for (const double value : values) scores.push_back({value});
  return scores;
}

std::vector<double> thresholds() {
  std::vector<double> out;
  for (double i = 0; i <= kThresholds; ++i) out.push_back(i / kThresholds);
  return out;
}

// An arm, and its pairs with the first arm on the seeds where both ended well.
struct ArmStatistics {
  std::vector<const GoodRun*> runs;
  std::vector<const GoodRun*> paired;  // runs whose seed the first arm has, too
  std::vector<const GoodRun*> first;   // the first arm's, in the order of `paired`
  Estimate accuracy;
  Estimate difference;   // of accuracies, to the first arm
  Estimate improvement;  // probability of it
  Estimate area[kAxisCount];
  Estimate area_difference[kAxisCount];
  std::vector<Estimate> profile;

  // Computes all statistics: on the runs as they are, or, with a draw, for one more replicate.
  void measure(const Resample* draw) {
    const Pick pick = draw != nullptr ? drawn_accuracy : whole_accuracy;
    const auto chosen = [&](const std::vector<const GoodRun*>& all) {
      return draw != nullptr ? drawn_runs(all, *draw) : all;
    };
    const auto add = [&](Estimate& estimate, double value) {
      draw != nullptr ? estimate.replicates.push_back(value) : void(estimate.value = value);
    };
    if (!runs.empty()) {
      const auto own = chosen(runs);
      const std::vector<double> scores = picked(own, pick);
      add(accuracy, interquartile_mean(scores));
      const auto shares = performance_profile(as_scores(scores), thresholds());
      profile.resize(shares.size());
      for (std::size_t i = 0; i < shares.size(); ++i) add(profile[i], shares[i]);
      for (std::size_t axis = 0; axis < kAxisCount; ++axis)
        add(area[axis], interquartile_mean(picked(own, area_on, axis)));
    }
    if (paired.empty()) return;
    const auto own = chosen(paired);
    const auto other = chosen(first);
    const std::vector<double> x = picked(own, pick);
    const std::vector<double> y = picked(other, pick);
    add(difference, interquartile_mean(x) - interquartile_mean(y));
    add(improvement, probability_of_improvement(as_scores(x), as_scores(y)));
    for (std::size_t axis = 0; axis < kAxisCount; ++axis)
      add(area_difference[axis], interquartile_mean(picked(own, area_on, axis)) -
                                     interquartile_mean(picked(other, area_on, axis)));
  }
};

std::string verdict(const Json& difference, std::size_t seeds) {
  if (seeds == 0) return "no result";
  if (seeds == 1) return "anecdotal";
  return difference["low"] > 0 ? "better" : difference["high"] < 0 ? "worse" : "undecided";
}

class Summarizer {
 public:
  Summarizer(const Comparison& comparison, const ComparisonPlan& plan, const fs::path& folder,
             const std::vector<RunProgress>& progress)
      : comparison_(comparison),
        plan_(plan),
        folder_(folder),
        progress_(progress),
        good_(comparison.arms.size()) {}

  Json make() {
    std::vector<Json> runs(comparison_.arms.size(), Json::array());
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (plan_.runs[i].arm) read_run(i);
    }
    find_ranges();
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (plan_.runs[i].arm) runs[*plan_.runs[i].arm].push_back(run_json(i));
    }
    const std::vector<ArmStatistics> statistics = measure();
    Json arms = Json::array();
    for (std::size_t a = 0; a < comparison_.arms.size(); ++a)
      arms.push_back(arm_json(a, std::move(runs[a]), statistics[a]));
    const auto set = [](const ProblemSet& s) {
      return Json{{"set", s.fingerprint}, {"problems", s.problems}, {"keys", s.keys}};
    };
    Json ranges = Json::object();
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) ranges[kAxes[axis]] = range_[axis];
    return {
        {"version", 1},
        {"name", comparison_.name},
        {"task", plan_.task},
        {"model", plan_.model},
        {"seeds", comparison_.seeds},
        {"budget", {{"unit", comparison_.budget.unit()}, {"amount", comparison_.budget.amount()}}},
        {"validation", set(plan_.validation)},
        {"test", set(plan_.test)},
        {"resamples", comparison_.resamples},
        {"area_ranges", ranges},
        {"arms", arms},
        {"warnings", warnings_}};
  }

 private:
  bool learns(std::size_t a) const { return tinyzero::learns(comparison_.arms[a].role); }

  void read_run(std::size_t i) {
    const PlannedRun& planned = plan_.runs[i];
    if (progress_[i].state != RunState::done) return;
    const auto tested = read_tested_run(folder_ / planned.folder);
    if (!tested)
      throw Failure((folder_ / planned.folder).string() + " has lost its test.json",
                    "compare again: the run is then tested again");
    if (tested->set != plan_.test.fingerprint)
      throw Error(fmt::format("{} was tested on the problems {}, the comparison is about {}",
                              planned.folder.string(), tested->set, plan_.test.fingerprint),
                  "delete its test.json and compare again");
    GoodRun run;
    run.seed = planned.seed;
    run.metrics = read_run_metrics(folder_ / planned.folder);
    run.tested = *tested;
    run.accuracy = tested->accuracy();
    for (const std::int64_t right : tested->right)
      run.right.push_back(static_cast<double>(right) / static_cast<double>(tested->samples));
    check_start(planned, run);
    good_[*planned.arm].emplace(planned.seed, std::move(run));
  }

  // Warns if an arm of a start began with other bytes than the arms before it.
  void check_start(const PlannedRun& planned, const GoodRun& run) {
    if (!planned.start) return;
    const std::string& first =
        weights_.try_emplace(*planned.start, run.tested.start_weights).first->second;
    if (first != run.tested.start_weights)
      warnings_.push_back(
          planned.folder.string() +
          " did not begin with the weights that the other arms of its seed began with");
  }

  // Finds the part of each axis on which curves are compared: the budget on its own axis, what
  // every run reached on the others. Measures the areas over it.
  void find_ranges() {
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) {
      double shortest = std::numeric_limits<double>::infinity();
      for (std::size_t a = 0; a < good_.size(); ++a) {
        for (const auto& [seed, run] : good_[a]) {
          if (learns(a)) shortest = std::min(shortest, on_axis(run.metrics.last, axis));
        }
      }
      range_[axis] = comparison_.budget.unit() == kAxes[axis] ? comparison_.budget.amount()
                     : std::isfinite(shortest)                ? shortest
                                                              : 0;
      for (auto& runs : good_) {
        for (auto& [seed, run] : runs) run.area[axis] = area(run, axis);
      }
    }
  }

  double area(const GoodRun& run, std::size_t axis) const {
    std::vector<double> x, y;
    for (const CurvePoint& point : run.metrics.curve) {
      x.push_back(on_axis(point, axis));
      y.push_back(point.accuracy);
    }
    return mean_height(x, y, 0, range_[axis]);
  }

  Json run_json(std::size_t i) {
    static const char* const kStates[] = {"unfinished", "unfinished", "unfinished", "ok", "failed"};
    const PlannedRun& planned = plan_.runs[i];
    const std::size_t a = *planned.arm;
    Json out = {{"seed", planned.seed},
                {"run", planned.folder.string()},
                {"state", kStates[static_cast<int>(progress_[i].state)]}};
    if (progress_[i].state == RunState::failed) out["error"] = progress_[i].error;
    const auto found = good_[a].find(planned.seed);
    if (found == good_[a].end()) return out;
    add_results(planned, found->second, out);
    return out;
  }

  void add_results(const PlannedRun& planned, const GoodRun& run, Json& out) {
    out["start_weights"] = run.tested.start_weights;
    out["steps"] = run.metrics.last.step;
    out["tokens"] = run.metrics.last.tokens;
    out["seconds"] = run.metrics.last.seconds;
    out["selected_step"] = run.tested.selected_step;
    out["validation_accuracy"] = run.tested.validation_accuracy;
    out["test_accuracy"] = run.accuracy;
    out["test_greedy"] = run.tested.greedy;
    if (run.tested.length > 0) {  // an older program's test does not say these
      out["test_temperature"] = run.tested.temperature;
      out["test_length"] = run.tested.length;
      out["test_truncated"] = run.tested.truncated;
    }
    out["test_pass_at"] = pass_at(run.tested);
    out["test_traits"] = run.tested.traits;
    Json curve = Json::array();
    Json areas = Json::object();
    for (const CurvePoint& p : run.metrics.curve)
      curve.push_back({{"step", p.step},
                       {"tokens", p.tokens},
                       {"seconds", p.seconds},
                       {"accuracy", p.accuracy}});
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) areas[kAxes[axis]] = run.area[axis];
    out["curve"] = curve;
    out["area"] = areas;
    if (!learns(*planned.arm)) return;
    const double used = used_share(run);
    out["budget_used"] = used;
    if (used < 1)
      warnings_.push_back(fmt::format("{} seed {} used {:.0f} % of the budget",
                                      comparison_.arms[*planned.arm].name, planned.seed,
                                      100 * used));
  }

  // Mean pass@k of the test problems for k = 1, 2, 4 … up to the samples of each.
  static Json pass_at(const TestedRun& tested) {
    Json out = Json::object();
    for (std::int64_t k = 1; k <= tested.samples; k *= 2) {
      double sum = 0;
      for (const std::int64_t right : tested.right) sum += pass_at_k(tested.samples, right, k);
      out[std::to_string(k)] = sum / static_cast<double>(tested.right.size());
    }
    return out;
  }

  // Means over runs of what each holds in a field, by name.
  static Json means_of(const Json& runs, const char* field) {
    Json out = Json::object();
    std::map<std::string, double> counts;
    for (const Json& run : runs) {
      if (!run.contains(field)) continue;
      for (const auto& [name, value] : run[field].items()) {
        if (!value.is_number()) continue;
        counts[name] += 1;
        out[name] = out.value(name, 0.0) + value.get<double>();
      }
    }
    for (const auto& [name, count] : counts) out[name] = out[name].get<double>() / count;
    return out;
  }

  double used_share(const GoodRun& run) const {
    const std::string unit = comparison_.budget.unit();
    for (std::size_t axis = 0; axis < kAxisCount; ++axis) {
      if (unit == kAxes[axis]) return on_axis(run.metrics.last, axis) / comparison_.budget.amount();
    }
    return 0;
  }

  std::vector<ArmStatistics> measure() {
    std::vector<ArmStatistics> out(comparison_.arms.size());
    for (std::size_t a = 0; a < out.size(); ++a) {
      for (auto& [seed, run] : good_[a]) {
        out[a].runs.push_back(&run);
        const auto other = good_.front().find(seed);
        if (a == 0 || other == good_.front().end()) continue;
        out[a].paired.push_back(&run);
        out[a].first.push_back(&other->second);
      }
      out[a].measure(nullptr);
    }
    for_each_resample(comparison_.seeds.size(), plan_.test.problems, comparison_.resamples, kSeed,
                      [&](const Resample& draw) {
                        draw_problems(draw);
                        for (ArmStatistics& arm : out) arm.measure(&draw);
                      });
    return out;
  }

  // Sets every run's accuracy on the problems of a draw.
  void draw_problems(const Resample& draw) {
    for (auto& runs : good_) {
      for (auto& [seed, run] : runs) {
        run.drawn = 0;
        for (std::size_t p = 0; p < run.right.size(); ++p)
          run.drawn += draw.weights[p] * run.right[p];
      }
    }
  }

  Json arm_json(std::size_t a, Json runs, const ArmStatistics& s) const {
    const ComparisonArm& arm = comparison_.arms[a];
    Json out = {{"name", arm.name}, {"role", role_name(arm.role)}, {"settings", plan_.settings[a]}};
    const auto count = [&](const char* state) {
      return std::count_if(runs.begin(), runs.end(),
                           [&](const Json& r) { return r["state"] == state; });
    };
    out["ok"] = count("ok");
    out["failed"] = count("failed");
    out["unfinished"] = count("unfinished");
    out["test_accuracy"] = s.accuracy.json(s.runs.size());
    Json areas = Json::object();
    Json profile = Json::array();
    for (std::size_t axis = 0; axis < kAxisCount; ++axis)
      areas[kAxes[axis]] = s.area[axis].json(s.runs.size());
    out["area"] = areas;
    const auto at = thresholds();
    for (std::size_t i = 0; i < s.profile.size(); ++i) {
      profile.push_back(s.profile[i].json(s.runs.size()));
      profile.back()["above"] = at[i];
    }
    out["profile"] = profile;
    out["pass_at"] = means_of(runs, "test_pass_at");
    out["traits"] = means_of(runs, "test_traits");
    if (a > 0) out["against_first"] = against_first(s);
    out["runs"] = std::move(runs);
    return out;
  }

  Json against_first(const ArmStatistics& s) const {
    const std::size_t seeds = s.paired.size();
    const Json difference = s.difference.json(seeds);
    Json areas = Json::object();
    for (std::size_t axis = 0; axis < kAxisCount; ++axis)
      areas[kAxes[axis]] = s.area_difference[axis].json(seeds);
    return {{"first", comparison_.arms.front().name},
            {"seeds", seeds},
            {"difference", difference},
            {"verdict", verdict(difference, seeds)},
            {"probability_of_improvement", s.improvement.json(seeds)},
            {"area_difference", areas}};
  }

  const Comparison& comparison_;
  const ComparisonPlan& plan_;
  const fs::path& folder_;
  const std::vector<RunProgress>& progress_;
  std::vector<std::map<std::int64_t, GoodRun>> good_;  // by arm and seed
  std::map<std::size_t, std::string> weights_;         // by start: hash of its first run's weights
  double range_[kAxisCount] = {};
  std::vector<std::string> warnings_;
};

}  // namespace

Json summarize(const Comparison& comparison, const ComparisonPlan& plan, const fs::path& folder,
               const std::vector<RunProgress>& progress) {
  return Summarizer(comparison, plan, folder, progress).make();
}

}  // namespace tinyzero
