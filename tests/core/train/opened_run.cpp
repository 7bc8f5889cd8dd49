// What opening a run gives, with and without weights, and what it refuses.

#include "core/train/opened_run.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/config/document.h"
#include "core/config/yaml.h"
#include "support/small_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/opened_run");

namespace {

const PluginCatalog& catalog() {
  static const PluginCatalog found({TINYZERO_PLUGINS});
  return found;
}

// The value of a setting in config.yaml; "" if it is not there.
std::string resolved_value(const OpenedRun& run, const std::string& path) {
  for (const ResolvedSetting& setting : run.resolved()) {
    if (setting.path == path) return setting.value;
  }
  return "";
}

// An adapter changes a model that has learned.
std::vector<std::string> adapted(const std::string& rank) {
  return {"model={path: " TINYZERO_SOURCE "/tests/golden/hf/qwen2_tied}", "warm_start.steps=0",
          "lora.rank=" + rank};
}

bool holds(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TEST_CASE("a run is opened with plugins, model, tokenizer and the held-out problems") {
  const OpenedRun run = small_run();
  CHECK(run.task.about().id == "countdown");
  CHECK(run.algorithm.algorithm != nullptr);
  CHECK(run.model.weights.size() == run.model.layout.size());
  CHECK(run.adapter == nullptr);
  CHECK(run.held_out.items.size() == 32);
  CHECK(run.prompts.longest > 0);
  CHECK(run.prompts.bytes_of_token >= 1);
  CHECK_FALSE(run.chose_micro_batch);
  CHECK_FALSE(run.base_is_bf16);
}

TEST_CASE(
    "without weights there are shapes: the same prompts and problems, no weight, no adapter") {
  const OpenedRun whole = small_run(adapted("2"));
  const OpenedRun shapes = small_run(adapted("2"), {.weights = false});
  CHECK(whole.adapter != nullptr);
  CHECK(shapes.adapter == nullptr);
  CHECK(shapes.model.weights.size() == 0);
  CHECK(shapes.model.layout.size() == whole.model.layout.size());
  CHECK(shapes.held_out.fingerprint == whole.held_out.fingerprint);
  CHECK(shapes.prompts.longest == whole.prompts.longest);
}

TEST_CASE("settings without effect are refused, unless somebody has checked them before") {
  const std::vector<std::string> idle = {"train.warmup=20"};  // longer than the run
  CHECK_NOTHROW(small_run(idle, {.weights = false, .check_idle_settings = false}));
  CHECK_THROWS_WITH_AS(small_run(idle, {.weights = false}), doctest::Contains("train.warmup is 20"),
                       Error);
}

TEST_CASE("prompts and completions that do not fit the context are refused, with the numbers") {
  CHECK_THROWS_WITH_AS(small_run({"rollout.max_tokens=128"}, {.weights = false}),
                       doctest::Contains("positions, the model has 128"), Error);
}

TEST_CASE("an adapter of a rank above a matrix is refused where the rank was set") {
  try {
    small_run(adapted("4000"));
    FAIL("nothing was thrown");
  } catch (const Error& e) {
    CHECK(e.place().source == "command line");
  }
}

TEST_CASE("all mistakes of a file are told in one go, with the keys of the plugins as hints") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml",
                    "task: {use: nothing}\nalgorithm: {use: grpo}\ntrain: {stepz: 3}\n");
  try {
    OpenedRun::load(folder / "x.yaml", {}, catalog(), {.weights = false});
    FAIL("nothing was thrown");
  } catch (const Errors& e) {
    REQUIRE(e.all().size() == 2);
    CHECK(std::string(e.all()[0].what()).find("nothing") != std::string::npos);
    CHECK(std::string(e.all()[1].what()).find("stepz") != std::string::npos);
    CHECK(e.all()[1].hint().find("steps") != std::string::npos);
  }
}

TEST_CASE("a task without demonstrations cannot have a warm start") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml",
                    "task: multiplication\nalgorithm: grpo\nwarm_start: {steps: 3}\n"
                    "rollout: {max_tokens: 24}\n");
  CHECK_NOTHROW(
      OpenedRun::load(folder / "x.yaml", {"warm_start.steps=0"}, catalog(), {.weights = false}));
}

TEST_CASE("a run of a folder is the run that was written there") {
  const TemporaryFolder folder;
  const OpenedRun begun = small_run({"train.micro_batch=0"});
  CHECK(begun.chose_micro_batch);
  write_file_synced(folder / "config.yaml", resolved_yaml(begun.resolved()));
  const OpenedRun again = OpenedRun::open_run(folder.path(), catalog());
  CHECK(again.experiment.train.micro_batch == begun.experiment.train.micro_batch);
  CHECK_FALSE(again.chose_micro_batch);
  CHECK(again.held_out.fingerprint == begun.held_out.fingerprint);
  CHECK(resolved_yaml(again.resolved()) == resolved_yaml(begun.resolved()));
}

TEST_CASE("every setting is resolved, those of the plugins included") {
  const OpenedRun run = small_run({"train.steps=5"}, {.weights = false});
  CHECK(resolved_value(run, "task.use") == "countdown");
  CHECK(resolved_value(run, "task.largest") == "9");
  CHECK(resolved_value(run, "algorithm.use") == "grpo");
  CHECK_FALSE(resolved_value(run, "algorithm.aggregation").empty());
  CHECK(resolved_value(run, "train.steps") == "5");
}

TEST_CASE("keys of plugins are those of the plugins that can be opened") {
  const auto keys =
      plugin_keys(parse_yaml("task: countdown\nalgorithm: {use: ppo}\n", "x"), catalog());
  CHECK(holds(keys, "task.numbers"));
  CHECK(holds(keys, "algorithm.critic_warmup"));
  const auto some =
      plugin_keys(parse_yaml("task: countdown\nalgorithm: nothing\n", "x"), catalog());
  CHECK(holds(some, "task.numbers"));
  CHECK_FALSE(holds(some, "algorithm.critic_warmup"));
  CHECK(plugin_keys(parse_yaml("seed: 1\n", "x"), catalog()).empty());
}

TEST_CASE("a label says preset, parameters and adapter") {
  CHECK(model_label(small_run({}, {.weights = false})) == "tiny 0.0M");
  CHECK(model_label(small_run(adapted("2"))) == "qwen2_tied 0.1M + LoRA 0.0M");
}

TEST_CASE("the shape of a run has what its forecast needs") {
  std::vector<std::string> overrides = adapted("2");
  overrides.push_back("algorithm={use: ppo}");
  const OpenedRun run = small_run(overrides);
  const RunShape shape = shape_of(run);
  CHECK(shape.model == &run.model);
  CHECK(shape.auxiliary_models.size() == 1);
  CHECK(shape.adapter_values == static_cast<std::int64_t>(run.adapter->size()));
  CHECK(shape.longest() == run.prompts.longest + 24);
  CHECK(shape.held_out == 32);
  CHECK(shape.completions() == 32);
}
