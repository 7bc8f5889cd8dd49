// A run's policy is evaluated by the settings of its experiment.

#include "core/train/evaluate_run.h"

#include <doctest/doctest.h>

#include "core/rollout/engine.h"
#include "core/rollout/episodes.h"
#include "core/train/rollout_engine.h"
#include "support/small_run.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/evaluate_run");

TEST_CASE("problems, samples and length are those of the settings, and a step names the draws") {
  const OpenedRun run =
      small_run({"eval={problems: 6, samples: 3, temperature: 0.7}", "rollout.max_tokens=16"});
  const auto engine = rollout_engine(run, [](const std::string&) {});
  std::vector<ScoredCompletion> first, again, other;
  const EvalReport report = evaluate_run(*engine, run, run.held_out, 1, &first);
  CHECK(report.problems == run.held_out.items.size());
  CHECK(report.samples == 3);
  CHECK(report.total == 3 * report.problems);
  CHECK(report.greedy_tallies.size() == run.held_out.items.size());
  evaluate_run(*engine, run, run.held_out, 1, &again);
  evaluate_run(*engine, run, run.held_out, 2, &other);
  REQUIRE(first.size() == other.size());
  bool differs = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    CHECK(std::ssize(first[i].episode.tokens) <= 16);
    CHECK(first[i].episode.tokens == again[i].episode.tokens);
    differs = differs || first[i].episode.tokens != other[i].episode.tokens;
  }
  CHECK(differs);
}
