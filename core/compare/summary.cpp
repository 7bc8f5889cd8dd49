#include "core/compare/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/base/error.h"
#include "core/compare/metrics.h"
#include "core/compare/results.h"
#include "core/compare/statistics.h"
#include "core/compare/tested_run.h"
#include "core/compare/warnings.h"
#include "core/eval/statistics.h"

namespace tinyzero {
namespace {

// A run that ended well.
struct GoodRun {
  RunMetrics metrics;
  TestedRun tested;
};

class Summarizer {
 public:
  Summarizer(const Comparison& comparison, const ComparisonPlan& plan, const fs::path& folder,
             const std::vector<RunProgress>& progress)
      : comparison_(comparison), plan_(plan), folder_(folder), progress_(progress) {
    const Experiment first = Experiment::from_node(comparison.arms.front().root, comparison.name);
    has_points_ = first.eval.points > 0;
  }

  // Everything but statistics.
  Json make() {
    std::vector<Json> runs(comparison_.arms.size(), Json::array());
    for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
      if (const auto arm = plan_.runs[i].arm) runs[*arm].push_back(run_json(i));
    }
    Json arms = Json::array();
    for (std::size_t a = 0; a < comparison_.arms.size(); ++a)
      arms.push_back(arm_json(a, std::move(runs[a])));
    const auto set = [](const ProblemSet& s) {
      return Json{{"set", s.fingerprint}, {"problems", s.problems}, {"keys", s.keys}};
    };
    Json out = {
        {"version", 2},
        {"name", comparison_.name},
        {"task", plan_.task},
        {"model", plan_.model},
        {"seeds", comparison_.seeds},
        {"budget", {{"unit", comparison_.budget.unit()}, {"amount", comparison_.budget.amount()}}},
        {"validation", set(plan_.validation)},
        {"test", set(plan_.test)},
        {"resamples", comparison_.resamples},
        {"arms", arms},
        {"warnings", warnings_}};
    if (comparison_.pairs == "all") out["pairs"] = Json::array();
    return out;
  }

 private:
  bool learns(std::size_t a) const { return tinyzero::learns(comparison_.arms[a].role); }

  GoodRun read_run(const PlannedRun& planned) {
    const auto tested = read_tested_run(folder_ / planned.folder);
    if (!tested)
      throw Failure((folder_ / planned.folder).string() + " has lost its test.json",
                    "compare again: the run is then tested again");
    if (tested->set != plan_.test.fingerprint)
      throw Error(fmt::format("{} was tested on the problems {}, the comparison is about {}",
                              planned.folder.string(), tested->set, plan_.test.fingerprint),
                  "delete its test.json and compare again");
    check_start(planned, *tested);
    return {read_run_metrics(folder_ / planned.folder), *tested};
  }

  // Warns if an arm of a start began with other bytes than the arms before it.
  void check_start(const PlannedRun& planned, const TestedRun& tested) {
    if (!planned.start) return;
    const std::string& first =
        weights_.try_emplace(*planned.start, tested.start_weights).first->second;
    if (first != tested.start_weights)
      warnings_.push_back(
          planned.folder.string() +
          " did not begin with the weights that the other arms of its seed began with");
  }

  Json run_json(std::size_t i) {
    static const char* const kStates[] = {"unfinished", "unfinished", "unfinished", "ok", "failed"};
    const PlannedRun& planned = plan_.runs[i];
    Json out = {{"seed", planned.seed},
                {"run", planned.folder.string()},
                {"state", kStates[static_cast<int>(progress_[i].state)]}};
    if (progress_[i].state == RunState::failed) out["error"] = progress_[i].error;
    if (progress_[i].state == RunState::done) add_results(planned, read_run(planned), out);
    return out;
  }

  void add_results(const PlannedRun& planned, const GoodRun& run, Json& out) {
    out["start_weights"] = run.tested.start_weights;
    out["steps"] = run.metrics.last.step;
    out["tokens"] = run.metrics.last.tokens;
    out["seconds"] = run.metrics.last.seconds;
    out["selected_step"] = run.tested.selected_step;
    out["validation_accuracy"] = run.tested.validation_accuracy;
    out["test_accuracy"] = run.tested.accuracy();
    out["test_greedy"] = run.tested.greedy;
    if (run.tested.length > 0) {  // an older program's test does not say these
      out["test_temperature"] = run.tested.temperature;
      out["test_length"] = run.tested.length;
      out["test_truncated"] = run.tested.truncated;
    }
    out["test_pass_at"] = pass_at(run.tested);
    out["test_traits"] = run.tested.traits;
    Json curve = Json::array();
    for (const CurvePoint& p : run.metrics.curve)
      curve.push_back({{"step", p.step},
                       {"tokens", p.tokens},
                       {"seconds", p.seconds},
                       {"accuracy", p.accuracy}});
    out["curve"] = curve;
    out["first_update"] = run.tested.first_update;
    if (!learns(*planned.arm)) return;
    const double used = used_share(run);
    out["budget_used"] = used;
    if (used < least_use(run))
      warnings_.push_back(fmt::format("{} seed {} used {:.0f} % of the budget",
                                      comparison_.arms[*planned.arm].name, planned.seed,
                                      100 * used));
  }

  // With eval.points a run leaves what would not hold its next step.
  double least_use(const GoodRun& run) const {
    if (!has_points_ || comparison_.budget.steps > 0) return 1;
    return 1 - 2 / static_cast<double>(std::max<std::int64_t>(2, run.metrics.last.step));
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
    const CurvePoint& last = run.metrics.last;
    const ComparisonBudget& budget = comparison_.budget;
    const double used = budget.tokens > 0    ? last.tokens
                        : budget.seconds > 0 ? last.seconds
                                             : static_cast<double>(last.step);
    return used / budget.amount();
  }

  Json arm_json(std::size_t a, Json runs) const {
    const ComparisonArm& arm = comparison_.arms[a];
    const auto count = [&](const char* state) {
      return std::count_if(runs.begin(), runs.end(),
                           [&](const Json& r) { return r["state"] == state; });
    };
    return {{"name", arm.name},
            {"role", role_name(arm.role)},
            {"settings", plan_.settings[a]},
            {"ok", count("ok")},
            {"failed", count("failed")},
            {"unfinished", count("unfinished")},
            {"pass_at", means_of(runs, "test_pass_at")},
            {"traits", means_of(runs, "test_traits")},
            {"runs", runs}};
  }

  const Comparison& comparison_;
  const ComparisonPlan& plan_;
  const fs::path& folder_;
  const std::vector<RunProgress>& progress_;
  bool has_points_ = false;                     // the evaluations are at shares of the budget
  std::map<std::size_t, std::string> weights_;  // by start: hash of its first run's weights
  std::vector<std::string> warnings_;
};

}  // namespace

Json summarize(const Comparison& comparison, const ComparisonPlan& plan, const fs::path& folder,
               const std::vector<RunProgress>& progress) {
  return summarize_again(Summarizer(comparison, plan, folder, progress).make(), folder,
                         (folder / "comparison.json").string());
}

Json summarize_again(Json comparison, const fs::path& folder, const std::string& where) {
  const ComparedResults results = read_results(comparison, folder, where);
  add_statistics(comparison, results);
  Json& warnings = comparison["warnings"];
  for (const std::string& text : fairness_warnings(comparison)) {
    if (std::find(warnings.begin(), warnings.end(), text) == warnings.end())
      warnings.push_back(text);
  }
  return comparison;
}

}  // namespace tinyzero
