#include "core/config/experiment.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/experiment");

TEST_CASE("a budget says how many steps there will be") {
  TrainSettings t;
  t.steps = 1000;
  CHECK(t.budget_used(500, 3) == 0);
  CHECK(t.expected_steps(7, 0) == 1000);
  t.budget_tokens = 2000;
  CHECK(t.budget_used(500, 3) == 0.25);
  CHECK(t.expected_steps(7, 0.25) == 28);
  CHECK(t.expected_steps(7, 1.2) == 7);      // over
  CHECK(t.expected_steps(7, 1e-6) == 1000);  // train.steps comes first
  t.budget_tokens = 0;
  t.budget_seconds = 12;
  CHECK(t.budget_used(500, 3) == 0.25);
}

namespace {

Experiment read(const std::string& yaml) { return Experiment::from_node(parse_yaml(yaml, "x.yaml"), "x"); }

const std::string kPlugins = "task: {use: countdown, numbers: 3}\nalgorithm: grpo\n";

}  // namespace

TEST_CASE("sections are typed, plugins' settings are left to the plugins") {
  const Experiment e = read("seed: 3\n" + kPlugins + "rollout: {prompts: 4}\n");
  CHECK(e.general.seed == 3);
  CHECK(e.rollout.prompts == 4);
  CHECK(e.rollout.samples == 8);
  CHECK(e.task.use == "countdown");
  CHECK(e.task.settings.find("numbers")->scalar == "3");
  CHECK(e.algorithm.use == "grpo");
}

TEST_CASE("what cannot work is refused before anything starts") {
  CHECK_THROWS_WITH_AS(read("seed: 1\n"), doctest::Contains("no section \"task\""), Error);
  CHECK_THROWS_WITH_AS(read("task: {numbers: 3}\nalgorithm: grpo\n"), doctest::Contains("task does not say which to use"), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "rolout: {prompts: 4}\n"), doctest::Contains("unknown setting \"rolout\""), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "train: {updates: 3}\n"), doctest::Contains("does not divide rollout.prompts 64"), Error);
  CHECK_THROWS_WITH_AS(read(kPlugins + "model: {path: m, layers: 2}\n"), doctest::Contains("model.layers has no effect beside model.path"),
                       Error);
}

TEST_CASE("settings without effect are refused, in every section") {
  const auto refused = [](const std::string& yaml, const char* message) {
    CAPTURE(yaml);
    CHECK_THROWS_WITH_AS(read(kPlugins + yaml), doctest::Contains(message), Error);
  };
  for (const char* key : {"batch: 8", "optimizer: adamw", "learning_rate: 1e-3"})
    refused(std::string("warm_start: {") + key + "}\n", "has no effect: warm_start.steps is 0");
  for (const char* key : {"updates: 2", "epochs: 2", "optimizer: muon", "learning_rate: 1e-3", "schedule: cosine", "warmup: 3",
                          "importance_cap: 2", "max_failed: 0.2", "max_logp_gap: 0.2", "max_skipped: 3"})
    refused(std::string("train: {steps: 0, ") + key + "}\n", "has no effect: train.steps is 0");
  for (const char* key :
       {"preset: tiny", "tokenizer: bytes", "layers: 2", "width: 64", "heads: 2", "kv_heads: 1", "mlp: 64", "context: 128"})
    refused(std::string("model: {path: m, ") + key + "}\n", "has no effect beside model.path");
  CHECK(read(kPlugins + "train: {steps: 0, beta1: 0.8, micro_batch: 64}\nwarm_start: {steps: 3}\n").train.beta1 == 0.8);
}

TEST_CASE("the command line switches off what a file sets") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml",
                    "task: countdown\nalgorithm: {use: grpo, clip: 0.1}\nmodel: {preset: small, layers: 2}\n"
                    "warm_start: {steps: 5, batch: 8}\ntrain: {steps: 4, updates: 2}\n");
  const auto load = [&](std::vector<std::string> overrides) { return Experiment::load(folder / "x.yaml", overrides); };
  CHECK(load({"warm_start.steps=0"}).warm_start.steps == 0);
  CHECK(load({"train.steps=0"}).train.steps == 0);
  CHECK(load({"model.path=m"}).model.path == fs::absolute("m"));
  CHECK(load({"task.numbers=3"}).task.settings.find("numbers")->scalar == "3");  // the short form takes settings, too
  CHECK(load({"algorithm=ppo"}).algorithm.settings.find("clip") == nullptr);
  CHECK(load({"algorithm=ppo", "algorithm.clip=0.3"}).algorithm.settings.find("clip")->scalar == "0.3");
  CHECK_THROWS_WITH_AS(load({"warm_start.steps=0", "warm_start.batch=4"}),
                       doctest::Contains("command line: warm_start.batch has no effect"), Error);
}

TEST_CASE("resolved settings read back as the same experiment") {
  const Experiment e = read("seed: 7\n" + kPlugins + "train: {learning_rate: 3e-4, schedule: cosine}\nmodel: {path: \"a b/c\"}\n");
  std::vector<ResolvedSetting> rows = e.resolved;
  rows.push_back({"task.use", "countdown", ""});
  rows.push_back({"algorithm.use", "grpo", ""});
  const Experiment again = read(resolved_yaml(rows));
  CHECK(again.general.seed == 7);
  CHECK(again.train.learning_rate == 3e-4);
  CHECK(again.train.schedule == "cosine");
  CHECK(again.model.path == std::filesystem::absolute("a b/c"));  // so that a run can go on from another folder
}
