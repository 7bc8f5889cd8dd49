// What runs a comparison consists of, what they share, and which arms cannot be compared.

#include "core/compare/plan.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "support/small_comparison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/plan");

namespace {

std::vector<std::string> folders(const ComparisonPlan& plan) {
  std::vector<std::string> out;
  for (const PlannedRun& run : plan.runs) out.push_back(run.folder.string());
  return out;
}

std::string refused(const std::vector<std::string>& overrides) {
  const TemporaryFolder folder;
  try {
    small_plan(small_comparison(overrides), folder.path());
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("arms with the same start share it, seed by seed, and it comes before their runs") {
  const TemporaryFolder folder;
  const ComparisonPlan plan = small_plan(small_comparison(), folder.path());
  const auto all = folders(plan);
  REQUIRE(plan.runs.size() == 2 * 4);  // a start, two arms and the untrained control for each seed
  CHECK(std::count_if(all.begin(), all.end(),
                      [](const std::string& f) { return f.starts_with("starts/"); }) == 2);
  CHECK(std::find(all.begin(), all.end(), "arms/group/seed-1") != all.end());
  CHECK(std::find(all.begin(), all.end(), "arms/critic/seed-2") != all.end());
  CHECK(std::find(all.begin(), all.end(), "arms/untrained/seed-1") != all.end());
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const PlannedRun& run = plan.runs[i];
    CAPTURE(run.folder.string());
    if (!run.start) continue;
    CHECK(*run.start < i);
    CHECK(plan.runs[*run.start].is_start);
    CHECK(plan.runs[*run.start].seed == run.seed);
    CHECK(run.yaml.find("checkpoints/step-000000") != std::string::npos);
  }
}

TEST_CASE("a start has no RL, and the control that shows it is the start itself") {
  const TemporaryFolder folder;
  const Comparison comparison = small_comparison();
  const ComparisonPlan plan = small_plan(comparison, folder.path());
  for (const PlannedRun& run : plan.runs) {
    if (!run.is_start) continue;
    CHECK(run.yaml.find("\n  steps: 0") != std::string::npos);
    REQUIRE(run.arm.has_value());
    CHECK(comparison.arms[*run.arm].role == ArmRole::warm_start);
  }
}

TEST_CASE("checkpoints follow evaluations, by steps or by shares of the budget") {
  const TemporaryFolder folder;
  const auto run_with = [&](const std::vector<std::string>& overrides) {
    const ComparisonPlan plan = small_plan(small_comparison(overrides), folder.path());
    for (const PlannedRun& run : plan.runs) {
      if (run.is_start) CHECK(run.yaml.find("points: 0") != std::string::npos);
      if (run.folder == "arms/critic/seed-2") return run.yaml;
    }
    return std::string();
  };
  const auto holds = [](const std::string& yaml, const char* text) {
    return yaml.find(text) != std::string::npos;
  };
  const std::string by_steps = run_with({});
  CHECK(holds(by_steps, "checkpoint:\n  every: 2\n"));
  CHECK(holds(by_steps, "points: 0"));
  const std::string by_shares = run_with({"eval.points=4"});
  CHECK(holds(by_shares, "checkpoint:\n  every: 0\n"));
  CHECK(holds(by_shares, "points: 4"));
}

TEST_CASE("demonstrations belong to the starts, and to no run that begins with one") {
  const TemporaryFolder folder;
  const ComparisonPlan plain = small_plan(small_comparison(), folder.path());
  const ComparisonPlan plan =
      small_plan(small_comparison({"demonstrations={use: arithmetic, digits: 1}"}), folder.path());
  REQUIRE(plan.runs.size() == plain.runs.size());
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const bool has = plan.runs[i].yaml.find("demonstrations:") != std::string::npos;
    CHECK(has == plan.runs[i].is_start);
    if (has) CHECK(plan.runs[i].folder != plain.runs[i].folder);  // other weights
  }
}

TEST_CASE("a plan says task, model, threads, problem sets and how arms differ") {
  const TemporaryFolder folder;
  const ComparisonPlan plan = small_plan(small_comparison(), folder.path(), 2);
  CHECK(plan.task == "countdown");
  CHECK(plan.model == "tiny 0.0M");
  CHECK(plan.threads == 1);
  CHECK(plan.validation.problems == 32);
  CHECK(plan.test.fingerprint != plan.validation.fingerprint);
  CHECK(plan.settings[0].empty());
  CHECK(plan.settings[1]["algorithm.use"] == "ppo");
  CHECK(plan.settings[1].contains("algorithm.critic_warmup"));
}

TEST_CASE("arms that learn or are evaluated on other problems are refused") {
  CHECK(refused({}) == "");
  CHECK(refused({"compare.arms.critic={algorithm: ppo, task.largest: 8}"})
            .find("is evaluated on other problems") != std::string::npos);
}

TEST_CASE("files that changed since a comparison began are refused, unless that is accepted") {
  const TemporaryFolder folder;
  const auto files = [](const char* hash) {
    return Json::array({{{"setting", "task.file"}, {"path", "/a"}, {"xxh3", hash}}});
  };
  settle_files(folder.path(), files("1"), false);
  CHECK_NOTHROW(settle_files(folder.path(), files("1"), false));
  CHECK_THROWS_WITH_AS(settle_files(folder.path(), files("2"), false),
                       doctest::Contains("would not continue as it began"), Error);
  settle_files(folder.path(), files("2"), true);
  CHECK_NOTHROW(settle_files(folder.path(), files("2"), false));
  write_file_synced(folder / "files.json", "[7]");
  CHECK_THROWS_AS(settle_files(folder.path(), files("2"), false), Error);
}
