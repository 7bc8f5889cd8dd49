#include "core/compare/results.h"

#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/told_error.h"
#include "core/compare/tested_run.h"

namespace tinyzero {
namespace {

ArmRole role_of(const std::string& name) {
  for (const ArmRole role : kControls) {
    if (role_name(role) == name) return role;
  }
  if (name != role_name(ArmRole::arm)) throw Error("\"" + name + "\" is no role of an arm");
  return ArmRole::arm;
}

CurvePoint point_of(const Json& point) {
  return {.step = point.at("step").get<std::int64_t>(),
          .tokens = point.at("tokens").get<double>(),
          .seconds = point.at("seconds").get<double>(),
          .accuracy = point.at("accuracy").get<double>()};
}

void read_problems(const fs::path& folder, RunResult& out) {
  const auto tested = read_tested_run(folder);
  if (!tested) return;
  for (const std::int64_t right : tested->right)
    out.right.push_back(static_cast<double>(right) / static_cast<double>(tested->samples));
  out.cluster = tested->cluster;
}

RunResult run_of(const Json& run, const fs::path& folder) {
  RunResult out;
  out.accuracy = run.at("test_accuracy").get<double>();
  for (const Json& point : run.at("curve")) out.metrics.curve.push_back(point_of(point));
  if (out.metrics.curve.empty()) throw Error("a run has an empty curve");
  out.metrics.last = {.step = run.at("steps").get<std::int64_t>(),
                      .tokens = run.at("tokens").get<double>(),
                      .seconds = run.at("seconds").get<double>()};
  read_problems(folder / run.at("run").get<std::string>(), out);
  return out;
}

// Outcomes by problem are known of a comparison only if every run has them, on the same problems.
void drop_partial_problems(ComparedResults& results) {
  std::size_t problems = 0;
  bool whole = true;
  for (const ArmResult& arm : results.arms) {
    for (const auto& [seed, run] : arm.runs) {
      if (problems == 0) problems = run.right.size();
      whole = whole && !run.right.empty() && run.right.size() == problems;
    }
  }
  for (ArmResult& arm : results.arms) {
    for (auto& [seed, run] : arm.runs) {
      if (!whole) run.right.clear();
      if (run.cluster.size() != run.right.size()) run.cluster.clear();
    }
  }
}

ComparedResults results_of(const Json& comparison, const fs::path& folder) {
  ComparedResults out;
  out.unit = comparison.at("budget").at("unit").get<std::string>();
  out.budget = comparison.at("budget").at("amount").get<double>();
  out.all_pairs = comparison.contains("pairs");
  out.resamples = comparison.at("resamples").get<std::int64_t>();
  if (out.unit != "tokens" && out.unit != "steps" && out.unit != "seconds")
    throw Error("\"" + out.unit + "\" is no unit of a budget", "tokens, steps and seconds are");
  if (!(out.budget > 0) || out.resamples < 1)
    throw Error(fmt::format("its budget is {} {} and its resamples are {}", out.budget, out.unit,
                            out.resamples),
                "both are above 0");
  for (const Json& arm : comparison.at("arms")) {
    out.arms.push_back({.name = arm.at("name").get<std::string>(),
                        .role = role_of(arm.at("role").get<std::string>()),
                        .runs = {}});
    for (const Json& run : arm.at("runs")) {
      if (run.at("state") != "ok") continue;
      out.arms.back().runs.emplace(run.at("seed").get<std::int64_t>(), run_of(run, folder));
    }
  }
  if (out.arms.empty()) throw Error("it has no arms");
  drop_partial_problems(out);
  return out;
}

}  // namespace

ComparedResults read_results(const Json& comparison, const fs::path& folder,
                             const std::string& where) {
  try {
    return results_of(comparison, folder);
  } catch (const Json::exception& e) {
    throw Error(where + " is no comparison.json: " + json_words(e));
  } catch (const Error& e) {
    throw Error(where + ": " + e.what(), e.hint());
  }
}

}  // namespace tinyzero
