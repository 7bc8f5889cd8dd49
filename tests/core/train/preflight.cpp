// What preflight finds before a run begins.

#include "core/train/preflight.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/learn/learner.h"
#include "core/rollout/engine.h"
#include "core/train/rollout_engine.h"
#include "support/small_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/preflight");

TEST_CASE("the task's own answers are right and fit, and the first prompt is shown by its tokens") {
  const TemporaryFolder folder;
  const OpenedRun run = small_run({}, {.weights = false});
  const PreflightReport report = check_start(run, folder / "run");
  CHECK(report.known_answers == 1);
  CHECK(report.answers_cut == 0);
  CHECK(report.max_tokens == 24);
  CHECK(report.context == 128);
  CHECK(report.longest_prompt > 0);
  CHECK(report.prompt.size() > 1);
  CHECK(report.stops.size() == run.model.config.eos.size());
  CHECK(report.held_out == 32);
  CHECK(report.held_out_keys > 0);
  CHECK(report.held_out_fingerprint == run.held_out.fingerprint);
  CHECK(report.memory_needed > 0);
  CHECK(report.disk_needed > 0);
  CHECK(report.samples == 0);  // nobody has asked the policy
  CHECK_FALSE(fs::exists(folder / "run"));
}

TEST_CASE("answers that would all be cut are refused before anything is written") {
  const TemporaryFolder folder;
  const OpenedRun run = small_run({"rollout.max_tokens=3"}, {.weights = false});
  CHECK_THROWS_WITH_AS(check_start(run, folder / "run"),
                       doctest::Contains("are truncated at rollout.max_tokens 3"), Error);
  OpenedRun wanted =
      small_run({"rollout.max_tokens=3", "preflight.max_truncated=1"}, {.weights = false});
  const PreflightReport report = check_start(wanted, folder / "run");
  CHECK(report.answers_cut == 1);
  REQUIRE_FALSE(report.warnings.empty());
  CHECK(report.warnings[0].find("raise it") != std::string::npos);
}

TEST_CASE("the disk that a run needs grows with its checkpoints and completions") {
  const TemporaryFolder folder;
  const auto needed = [&](const std::vector<std::string>& overrides) {
    return check_start(small_run(overrides, {.weights = false}), folder / "run").disk_needed;
  };
  const double plain = needed({});
  CHECK(needed({"checkpoint.keep=1"}) < plain);
  CHECK(needed({"train.steps=4"}) < plain);
  CHECK(needed({"rollout.samples=8"}) > plain);
  // A budget of tokens bounds the steps whose episodes are certain: 32 x 24 tokens are a step.
  CHECK(needed({"train.budget_tokens=1536"}) < plain);
}

TEST_CASE("an end token outside of the vocabulary is refused") {
  const TemporaryFolder folder;
  OpenedRun run = small_run({}, {.weights = false});
  run.model.config.eos = {run.model.config.vocab};
  CHECK_THROWS_WITH_AS(check_start(run, folder / "run"),
                       doctest::Contains("is outside of its vocabulary"), Error);
}

TEST_CASE("without problems preflight looks at nothing but the machine") {
  const TemporaryFolder folder;
  const OpenedRun run = small_run({"preflight.problems=0"}, {.weights = false});
  const PreflightReport report = check_start(run, folder / "run");
  CHECK(report.known_answers == -1);
  CHECK(report.answers_cut == -1);
  CHECK(report.prompt.empty());
}

TEST_CASE("a policy that was not taught is sampled, and warned about") {
  const TemporaryFolder folder;
  OpenedRun run = small_run({"warm_start.steps=0"});
  PreflightReport report = check_start(run, folder / "run");
  const auto engine = rollout_engine(run, [](const std::string&) {});
  Learner learner(run.model, *run.algorithm.algorithm, run.experiment, 2);
  check_policy(*engine, learner.workers(), run, report);
  CHECK(report.samples == run.experiment.preflight.problems * 4);
  CHECK(report.truncated > 0.2);
  CHECK(report.seconds > 0);
  REQUIRE_FALSE(report.warnings.empty());
  CHECK(report.warnings[0].find("take more warm_start.steps") != std::string::npos);
}
