// Comparisons whose arms are evaluated at equal shares of their budgets, and arms that do the same.

#include <doctest/doctest.h>

#include <algorithm>

#include "support/comparisons.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/compare_points");

TEST_CASE(
    "with points, arms are evaluated equally often, and nothing beyond the budget is chosen") {
  const TemporaryFolder folder;
  const fs::path run = folder / "comparison";
  const double budget = 16000;
  const ProcessResult result = tinyzero::tinyzero(
      compare(run, {"compare.budget={tokens: 16000}", "compare.seeds=[1, 2]",
                    "compare.controls=none", "eval={points: 3, every: 20}", "rollout.prompts=4",
                    "compare.arms={group: {algorithm: grpo}, critic: {algorithm: ppo}, clip: "
                    "{algorithm: {use: grpo, clip: 0.3}}}",
                    "--jobs", "2"}));
  CAPTURE(result.err);
  CAPTURE(result.out);
  REQUIRE(result.code == 0);
  CHECK(result.err.find("eval.every has no effect: eval.points decides") != std::string::npos);
  const Json summary = comparison_of(run);
  CHECK(summary["knots"] == 3);
  std::int64_t least_steps = 1000000, most_steps = 0;
  for (const Json& arm : summary["arms"]) {
    for (const Json& one : arm["runs"]) {
      CAPTURE(one["run"].get<std::string>());
      least_steps = std::min(least_steps, one["steps"].get<std::int64_t>());
      most_steps = std::max(most_steps, one["steps"].get<std::int64_t>());
      REQUIRE(one["curve"].size() == 4);
      for (std::size_t point = 0; point < 4; ++point) {
        const double tokens = one["curve"][point]["tokens"];
        const double share = budget * static_cast<double>(point) / 3;
        CHECK(tokens <= budget);
        CHECK(tokens > share - budget / 6);
        CHECK(tokens < share + budget / 6);
      }
      double best = 0;
      for (const Json& point : one["curve"]) best = std::max(best, point["accuracy"].get<double>());
      CHECK(one["validation_accuracy"] == best);
      CHECK(one["budget_used"] > 0.7);
      char checkpoint[32];
      std::snprintf(checkpoint, sizeof checkpoint, "step-%06d", one["selected_step"].get<int>());
      CHECK(fs::exists(run / one["run"].get<std::string>() / "checkpoints" / checkpoint));
    }
  }
  CHECK(least_steps < most_steps);  // steps of the arms cost different amounts
  // The clip never acts, for there is one update a step.
  REQUIRE(summary["warnings"].size() == 1);
  CHECK(summary["warnings"][0] ==
        "arms group and clip are the same runs: no effect here of "
        "algorithm.clip");
  CHECK(result.out.find("warning: arms group and clip are the same runs") != std::string::npos);

  // Again, from its file.
  const Json again = Json::parse(
      tinyzero::tinyzero({"compare", (run / "comparison.json").string(), "--json"}).out);
  CHECK(again == summary);
}
