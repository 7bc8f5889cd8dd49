#include "core/config/experiment.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/experiment");

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
