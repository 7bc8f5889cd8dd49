// Loading algorithms: the fingerprint of a build, variants, and settings that are refused.

#include "core/algorithm/plugin.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/small_step.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/plugin");

TEST_CASE("an algorithm of another build is refused before its code runs") {
  PluginFile file = PluginCatalog({TINYZERO_PLUGINS}).find(TINYZERO_NOTE_ALGORITHM, "grpo");
  CHECK_NOTHROW(check_fingerprint(file));
  for (const char* field : {"api", "torch", "compiler", "stdlib", "standard", "sanitizer"}) {
    PluginFile other = file;
    other.note.fields[field] = "something else";
    CHECK_THROWS_WITH_AS(
        check_fingerprint(other),
        doctest::Contains(
            (std::string("its ") + field + " is \"something else\", this program's is").c_str()),
        Error);
    CHECK_THROWS_AS(load_algorithm_module(other), Error);
  }
}

TEST_CASE("a variant stands for its settings, and what is written wins") {
  const ConfiguredAlgorithm dapo =
      built_in_algorithm("grpo", "{variant: dapo, dual_clip: 3, use: grpo}");
  const auto value = [&](const std::string& name) {
    for (const ResolvedSetting& setting : dapo.resolved)
      if (setting.path == "algorithm." + name) return setting.value + " " + setting.origin.text();
    return std::string("no setting ") + name;
  };
  CHECK(value("dynamic_sampling").starts_with("true"));
  CHECK(value("dynamic_sampling").find("variant dapo") != std::string::npos);
  CHECK(value("dual_clip").starts_with("3"));
  CHECK(dapo.algorithm->sampling_rounds() == 4);
  CHECK(dapo.path.filename() == "grpo.so");
}

TEST_CASE("what cannot be opened is refused by what is wrong with it") {
  const struct {
    const char* settings;
    const char* error;
  } cases[] = {
      {"{variant: dappo}", "algorithm \"grpo\" has no variant \"dappo\""},
      {"{baseline: others}", "scale: std belongs to baseline: group"},
      {"{clipp: 0.1}", "clipp"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.settings);
    CHECK_THROWS_WITH_AS(built_in_algorithm("grpo", c.settings), doctest::Contains(c.error), Error);
  }
  CHECK_THROWS_AS(built_in_algorithm("no_such_algorithm"), Error);
  const PluginFile task = PluginCatalog({TINYZERO_PLUGINS}).find(TINYZERO_NOTE_TASK, "countdown");
  CHECK_THROWS_WITH_AS(load_algorithm_module(task), doctest::Contains("it is not an algorithm"),
                       Error);
}

TEST_CASE("a step samples as often as the algorithm or the rollout wants, whichever is more") {
  const auto plain = built_in_algorithm("grpo");
  const auto dapo = built_in_algorithm("grpo", "{variant: dapo}");
  RolloutSettings rollout;
  rollout.mixed_rounds = 1;
  CHECK(most_rounds(*plain.algorithm, rollout) == 1);
  CHECK(most_rounds(*dapo.algorithm, rollout) == 4);
  rollout.mixed_rounds = 7;
  CHECK(most_rounds(*dapo.algorithm, rollout) == 7);
}
