// Statistics of runs whose numbers are written by hand.

#include "core/compare/summary.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/small_comparison.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/summary");

namespace {

// A comparison of two arms whose runs are done. `right` by arm: problems answered, of 32.
struct Done {
  TemporaryFolder folder;
  Comparison comparison;
  ComparisonPlan plan;
  std::vector<RunProgress> progress;

  explicit Done(const std::vector<std::size_t>& right)
      : comparison(small_comparison({"compare.controls=none", "compare.resamples=200"})),
        plan(small_plan(comparison, folder.path())) {
    progress.resize(plan.runs.size(), {RunState::done, ""});
    for (const PlannedRun& run : plan.runs) {
      if (run.arm)
        write_tested_run(folder.path() / run.folder, plan.test, 0.1 * right[*run.arm],
                         right[*run.arm]);
    }
  }
  Json summary() const { return summarize(comparison, plan, folder.path(), progress); }
};

}  // namespace

TEST_CASE(
    "an arm that answers more in every seed is better, with the difference and its interval") {
  const Json summary = Done({8, 24}).summary();
  REQUIRE(summary["arms"].size() == 2);
  const Json& first = summary["arms"][0];
  const Json& second = summary["arms"][1];
  CHECK(first["test_accuracy"]["value"] == 0.25);
  CHECK(second["test_accuracy"]["value"] == 0.75);
  CHECK_FALSE(first.contains("against_first"));
  const Json& against = second["against_first"];
  CHECK(against["seeds"] == 2);
  CHECK(against["difference"]["value"] == 0.5);
  CHECK(against["difference"]["low"] > 0);
  CHECK(against["difference"]["problems"] > 0);
  CHECK(against["p_holm"] == 0);  // both seeds differ by the same
  CHECK(against["verdict"] == "better");
  CHECK(against["probability_of_improvement"]["value"] == 1);
  CHECK(Done({24, 8}).summary()["arms"][1]["against_first"]["verdict"] == "worse");
  CHECK(Done({8, 8}).summary()["arms"][1]["against_first"]["verdict"] == "undecided");
}

TEST_CASE("a run has its curve, its areas and what it used of the budget") {
  const Json run = Done({8, 24}).summary()["arms"][0]["runs"][0];
  CHECK(run["state"] == "ok");
  CHECK(run["steps"] == 4);
  CHECK(run["tokens"] == 400);
  CHECK(run["budget_used"] == 1);
  CHECK(run["selected_step"] == 4);
  CHECK(run["curve"].size() == 3);
  CHECK(run["curve"][1]["tokens"] == 200);
  CHECK(run["test_accuracy"] == 0.25);
  // A line from 0 to 0.8: half of it in the mean, whatever the axis.
  for (const char* axis : {"tokens", "steps", "seconds"})
    CHECK(run["area"][axis] == doctest::Approx(0.4));
}

TEST_CASE("what was written can be summarized again, without its runs too") {
  const Done done({8, 24});
  Json summary = done.summary();
  CHECK(summarize_again(summary, done.folder.path(), "x") == summary);
  // Elsewhere, outcomes by problem are not known.
  const TemporaryFolder elsewhere;
  Json without = summarize_again(summary, elsewhere.path(), "x");
  CHECK(without["arms"][1]["against_first"]["difference"]["problems"].is_null());
  for (Json& arm : without["arms"]) {
    for (const char* part : {"test_accuracy", "against_first"}) {
      if (!arm.contains(part)) continue;
      Json& estimate = arm[part].contains("difference") ? arm[part]["difference"] : arm[part];
      estimate["problems"] = nullptr;
    }
  }
  for (Json& arm : summary["arms"]) {
    arm["test_accuracy"]["problems"] = nullptr;
    if (arm.contains("against_first")) arm["against_first"]["difference"]["problems"] = nullptr;
  }
  CHECK(without == summary);
}

TEST_CASE("what is no comparison.json is told") {
  const TemporaryFolder folder;
  const Json whole = Done({8, 24}).summary();
  const auto refused = [&](const char* pointer, const Json& value) {
    Json broken = whole;
    broken[Json::json_pointer(pointer)] = value;
    try {
      summarize_again(broken, folder.path(), "x.json");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("taken");
  };
  CHECK(refused("/name", "y") == "taken");
  for (const auto& [pointer, value] : {std::pair<const char*, Json>{"/arms", 3},
                                       {"/arms", Json::array()},
                                       {"/arms/0/role", "boss"},
                                       {"/arms/0/runs/0/curve", Json::array()},
                                       {"/arms/0/runs/0/test_accuracy", nullptr},
                                       {"/budget/unit", "kisses"},
                                       {"/budget/amount", -1},
                                       {"/resamples", 0}}) {
    CAPTURE(pointer);
    CHECK(refused(pointer, value).starts_with("x.json"));
  }
}

TEST_CASE("the same comparison gives the same numbers") {
  const Done done({8, 24});
  CHECK(done.summary() == done.summary());
}

TEST_CASE("runs that failed or wait are counted, and left out of the statistics") {
  Done done({8, 24});
  for (std::size_t i = 0; i < done.plan.runs.size(); ++i) {
    if (done.plan.runs[i].folder == "arms/critic/seed-2")
      done.progress[i] = {RunState::failed, "no disk"};
    if (done.plan.runs[i].folder == "arms/group/seed-2") done.progress[i] = {RunState::waiting, ""};
  }
  const Json summary = done.summary();
  const Json& second = summary["arms"][1];
  CHECK(second["ok"] == 1);
  CHECK(second["failed"] == 1);
  CHECK(second["runs"][1]["error"] == "no disk");
  CHECK(summary["arms"][0]["unfinished"] == 1);
  CHECK(second["against_first"]["verdict"] == "anecdotal");
}

TEST_CASE("arms of one start that began with other bytes are told") {
  const Done done({8, 24});
  write_tested_run(done.folder / "arms/critic/seed-1", done.plan.test, 0.5, 16, "other");
  const Json warnings = done.summary()["warnings"];
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].get<std::string>().starts_with("arms/critic/seed-1 did not begin with"));
}

TEST_CASE("a run without its test, or tested on other problems, is an error") {
  const Done done({8, 24});
  write_tested_run(done.folder / "arms/critic/seed-1",
                   {.fingerprint = "other", .problems = 32, .keys = 32}, 0.5, 16);
  CHECK_THROWS_WITH_AS(done.summary(), doctest::Contains("was tested on the problems other"),
                       Error);
  fs::remove(done.folder / "arms/critic/seed-1/test.json");
  CHECK_THROWS_WITH_AS(done.summary(), doctest::Contains("has lost its test.json"), Error);
}
