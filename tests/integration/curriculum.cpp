// Mixtures of tasks, levels that rise, and dynamic sampling, as whole runs.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <csignal>

#include "support/golden.h"
#include "support/process.h"
#include "support/ranked_run.h"
#include "support/run_results.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/curriculum");

namespace {

// Levels rise every second step: no accuracy is below 0.
const char* const kMixed = R"(extends: ROOT/tests/integration/small.yaml
task:
  use: mix
  tasks:
    countdown: {numbers: 2, largest: 9, target: [1, 81]}
    products:
      {use: multiplication, weight: 3, format_reward: 0,
       levels: [{digits: [1, 1]}, {digits: [1, 2]}, {digits: [2, 2]}]}
curriculum: {window: 2, raise_at: 0, review: 0.3}
)";

fs::path mixed_config(const TemporaryFolder& folder) {
  std::string text = kMixed;
  text.replace(text.find("ROOT"), 4, TINYZERO_SOURCE);
  write_file_atomically(folder / "mixed.yaml", text);
  return folder / "mixed.yaml";
}

std::vector<std::string> train_mixed(const TemporaryFolder& folder, const fs::path& run,
                                     const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> command = {"train", mixed_config(folder), "--run", run};
  command.insert(command.end(), overrides.begin(), overrides.end());
  return command;
}

}  // namespace

TEST_CASE("a mixture with levels trains, says where it stands, and is evaluated by source") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  const ProcessResult result = tinyzero::tinyzero(train_mixed(folder, run));
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
  CHECK(result.err.find("countdown+multiplication · grpo") != std::string::npos);
  CHECK(result.err.find("curriculum  level 2 of 3 for products") != std::string::npos);
  std::vector<std::int64_t> levels;
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    if (record.contains("train/reward")) levels.push_back(record.at("curriculum/level/products"));
    if (record.contains("eval/accuracy")) {
      CHECK(record.contains("eval/accuracy/countdown"));
      CHECK(record.contains("eval/accuracy/products/level_1"));
      CHECK(record.contains("eval/accuracy/products/level_3"));
    }
  }
  REQUIRE(levels.size() == 8);
  CHECK(std::is_sorted(levels.begin(), levels.end()));
  CHECK(levels[1] == 1);
  CHECK(levels[7] == 3);
  const Json manifest = parse_json(read_file(run / "manifest.json"), "manifest.json");
  CHECK(manifest["plugins"].size() == 3);

  const ProcessResult evaluated = tinyzero::tinyzero({"eval", run, "--problems", "40", "--json"});
  CAPTURE(evaluated.err);
  REQUIRE(evaluated.code == 0);
  const Json report = Json::parse(evaluated.out);
  CHECK(report["by_source"].size() == 4);
  double completions = 0;
  for (const auto& [source, counts] : report["by_source"].items())
    completions += counts["completions"].get<double>();
  CHECK(completions == 40);

  // A level is replayed as it was.
  const ProcessResult replayed = tinyzero::tinyzero({"replay", run, "--step", "5"});
  CAPTURE(replayed.err);
  CHECK(replayed.code == 0);
}

TEST_CASE("a curriculum that was killed goes on as if nothing had happened") {
  const TemporaryFolder folder;
  run_to_the_end(train_mixed(folder, folder / "whole"));
  for (const char* moment : {"checkpoints/step-000002", "checkpoints/step-000004"}) {
    CAPTURE(moment);
    const fs::path run = folder / "killed";
    fs::remove_all(run);
    {
      BackgroundProcess process(command_line(train_mixed(folder, run)));
      REQUIRE(wait_for(run / moment));
      process.signal(SIGKILL);
      process.wait();
    }
    run_to_the_end({"train", "--resume", run});
    check_same_run(folder / "whole", run);
  }
}

TEST_CASE("levels rise alike on two ranks, on four, and in one process") {
  const TemporaryFolder folder;
  const std::vector<std::string> settings = {"threads=1", "train.shards=4"};
  run_to_the_end(train_mixed(folder, folder / "whole", settings));
  for (const std::int64_t ranks : {2, 4}) {
    CAPTURE(ranks);
    const fs::path run = folder / fmt::format("run-{}", ranks);
    RankedRun many(ranks, train_mixed(folder, run, settings));
    must(many);
    check_equal_runs(folder / "whole", run);
  }
}

TEST_CASE(
    "with dynamic sampling only problems whose samples differ are learned from, whatever the "
    "algorithm") {
  for (const char* algorithm : {"grpo", "ppo", "prime"}) {
    CAPTURE(algorithm);
    const TemporaryFolder folder;
    run_to_the_end(train(folder / "run", {"algorithm=" + std::string(algorithm), "train.steps=2",
                                          "rollout.mixed_rounds=3", "eval.every=0"}));
    for (const Json& record : json_lines(folder / "run/metrics.jsonl")) {
      if (!record.contains("train/reward")) continue;
      const double sampled = record["train/sampled"], kept = record["train/kept"],
                   mixed = record["train/mixed_groups"];
      CHECK(sampled > 8);
      CHECK(kept <= 8);
      if (kept < 8) {
        CHECK(sampled == 24);  // all rounds, and every mixed problem of them
        CHECK(kept <= std::lround(mixed * sampled));
      }
    }
  }
}

TEST_CASE("a curriculum without levels, and bounds that contradict each other, are errors") {
  const auto refused = [](const std::vector<std::string>& overrides, const char* words) {
    std::vector<std::string> command = {"config", "check", kConfig};
    command.insert(command.end(), overrides.begin(), overrides.end());
    const ProcessResult result = tinyzero::tinyzero(command);
    CAPTURE(result.err);
    CHECK(result.code == 2);
    CHECK(result.err.find(words) != std::string::npos);
  };
  refused({"curriculum.window=2"}, "curriculum has no effect: the task has no levels");
  refused({"task.levels=[{numbers: 2}, {numbers: 3}]", "curriculum.raise_at=0.4",
           "curriculum.lower_at=0.5"},
          "curriculum.lower_at is 0.5, curriculum.raise_at 0.4");
  refused({"task.levels=[{numbers: 2}, {nunbers: 3}]"},
          "unknown setting \"task.levels.2.nunbers\"");
}
