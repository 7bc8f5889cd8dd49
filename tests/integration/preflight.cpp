// What is looked at before a run, and how one is watched.

#include <csignal>

#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/preflight");

TEST_CASE(
    "completions that have no room for an answer: truncation is named and no training starts") {
  const TemporaryFolder folder;
  for (const char* config : {"configs/countdown-grpo.yaml", "tests/integration/small.yaml"}) {
    for (const char* warm : {"warm_start.steps=20", "warm_start.steps=0"}) {
      CAPTURE(config);
      CAPTURE(warm);
      const ProcessResult result = tinyzero::tinyzero(
          {"train", config, "rollout.max_tokens=8", warm, "--run", folder / "run"});
      CAPTURE(result.err);
      CHECK(result.code == 2);
      CHECK(result.err.find("demonstrations are truncated at rollout.max_tokens 8") !=
            std::string::npos);
      CHECK(result.err.find("no training starts") != std::string::npos);
      CHECK(result.err.find("raise rollout.max_tokens") != std::string::npos);
      CHECK_FALSE(fs::exists(folder / "run"));
    }
  }
  run_to_the_end(train(folder / "told",
                       {"rollout.max_tokens=8", "preflight.max_truncated=1", "train.steps=1"}));
}

TEST_CASE(
    "a start policy that never comes to an end within the limit stops the run before its first "
    "step") {
  const TemporaryFolder folder;
  // A model folder of which the program knows nothing: it was made from scratch, and its samples do
  // not end.
  run_to_the_end(train(folder / "first", {"train.steps=0", "warm_start.steps=1"}));
  const std::string model =
      "model={path: " + (folder.path() / "first/checkpoints/step-000000").string() + "}";
  const fs::path run = folder / "run";
  const std::vector<std::string> settings = {model, "warm_start.steps=0",
                                             "preflight.max_truncated=0.6"};
  const ProcessResult result = tinyzero::tinyzero(train(run, settings));
  CAPTURE(result.err);
  CHECK(result.code == 1);
  CHECK(result.err.find(
            "% of the start policy's completions are truncated at rollout.max_tokens 24") !=
        std::string::npos);
  CHECK(result.err.find("no training starts") != std::string::npos);
  CHECK_FALSE(fs::exists(run / "episodes/step-000001.jsonl.zst"));
  CHECK(read_file(run / "metrics.jsonl").find("train/") == std::string::npos);
}

TEST_CASE("a preflight changes nothing of what a run does") {
  const TemporaryFolder folder;
  std::vector<std::string> settings = {"task.format_reward=0.3", "warm_start.steps=200",
                                       "rollout.max_tokens=48"};  // it learns
  run_to_the_end(train(folder / "with", settings));
  settings.push_back("preflight.problems=0");
  const ProcessResult without = tinyzero::tinyzero(train(folder / "without", settings));
  CHECK(without.code == 0);
  CHECK(without.err.find("preflight   skipped") != std::string::npos);
  check_same_run(folder / "with", folder / "without");
  run_to_the_end(train(folder / "cold", {"warm_start.steps=0", "preflight.max_truncated=1"}));
  run_to_the_end(train(folder / "cold-without", {"warm_start.steps=0", "preflight.problems=0"}));
  check_same_run(folder / "cold", folder / "cold-without");
  const std::string log = read_file(folder.path() / "with" / "log.txt");
  for (const char* words : {"mixed groups", "truncated", "memory", "disk", "tokens: [",
                            "ends at <|endoftext|>", "held out 32 problems", "run about "})
    CHECK(log.find(words) != std::string::npos);
}

TEST_CASE("a run of more than a day is warned of") {
  const TemporaryFolder folder;
  const auto log_of = [&](const fs::path& run, const std::vector<std::string>& settings) {
    BackgroundProcess process(command_line(train(run, settings)));
    REQUIRE(wait_for(run / "episodes/step-000001.jsonl.zst"));
    process.signal(SIGINT);
    process.wait();
    return read_file(run / "log.txt");
  };
  const std::string words = "warning: at the start policy's speed the run takes about ";
  CHECK(
      log_of(folder / "long", {"train.steps=10000000", "rollout.prompts=64", "rollout.samples=64"})
          .find(words) != std::string::npos);
  CHECK(log_of(folder / "short", {"train.steps=2"}).find(words) == std::string::npos);
}

TEST_CASE("a run can be watched while it goes on and after it ended") {
  const TemporaryFolder folder;
  const fs::path run = folder / "run";
  BackgroundProcess process(command_line(train(run)));
  REQUIRE(wait_for(run / "log.txt"));
  const ProcessResult during = tinyzero::tinyzero({"watch", run});  // until the end
  CHECK(process.wait() == 0);
  const ProcessResult after = tinyzero::tinyzero({"watch", run});
  CHECK(during.code == 0);
  CHECK(during.out == after.out);
  CHECK(during.err.empty());
  for (const char* words :
       {"tinyzero 0.1", "preflight", "warm start  20/20", "step     8  held-out", "done"})
    CHECK(during.out.find(words) != std::string::npos);

  fs::remove_all(run);
  {
    BackgroundProcess killed(command_line(train(run, {"train.steps=100000"})));
    REQUIRE(wait_for(run / "checkpoints/step-000002"));
    killed.signal(SIGKILL);
    killed.wait();
  }
  const ProcessResult dead = tinyzero::tinyzero({"watch", run});
  CHECK(dead.code == 0);
  CHECK(dead.out.find("ended       without a word after step ") != std::string::npos);
  CHECK(dead.out.find("tinyzero train --resume " + run.string()) != std::string::npos);
  CHECK(tinyzero::tinyzero({"watch", folder / "nothing"}).code == 2);
}
