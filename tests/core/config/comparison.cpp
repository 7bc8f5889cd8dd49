#include "core/config/comparison.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/yaml.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/comparison");

namespace {

const std::string kBase =
    "task: {use: countdown, numbers: 3}\nalgorithm: {use: grpo, clip: 0.1}\nwarm_start: {steps: "
    "5}\n";
const std::string kArms = "compare:\n  budget: {steps: 3}\n  arms:\n    a: {}\n";

Comparison read(const std::string& yaml) {
  return Comparison::from_node(parse_yaml(yaml, "x.yaml"), "x");
}

std::string value_of(const ComparisonArm& arm, const std::string& section,
                     const std::string& name) {
  const Node* node = arm.root.find(section);
  node = node != nullptr ? node->find(name) : nullptr;
  return node != nullptr ? node->scalar : "nothing";
}

}  // namespace

TEST_CASE("arms lie over the file; a plugin that is named anew brings nothing of the old one") {
  const Comparison c =
      read(kBase +
           "compare:\n  seeds: [4, 2]\n  budget: {tokens: 1e6}\n  controls: none\n  arms:\n"
           "    same:\n"
           "    wide: {algorithm.clip: 0.3, train: {learning_rate: 1e-4}, train.updates: 2}\n"
           "    other: {algorithm: ppo, task: {largest: 9}}\n"
           "    again: {algorithm: {use: grpo}}\n");
  REQUIRE(c.arms.size() == 4);
  CHECK(c.seeds == std::vector<std::int64_t>{4, 2});
  CHECK(c.budget.unit() == "tokens");
  CHECK(c.budget.amount() == 1e6);
  CHECK(c.arms[0].name == "same");
  CHECK(value_of(c.arms[0], "algorithm", "clip") == "0.1");
  CHECK(value_of(c.arms[1], "algorithm", "clip") == "0.3");
  CHECK(value_of(c.arms[1], "algorithm", "use") == "grpo");
  CHECK(value_of(c.arms[1], "train", "learning_rate") == "1e-4");
  CHECK(value_of(c.arms[1], "train", "updates") == "2");
  CHECK(Experiment::from_node(c.arms[2].root, "x").algorithm.use == "ppo");
  CHECK(value_of(c.arms[2], "algorithm", "clip") == "nothing");
  CHECK(value_of(c.arms[2], "task", "numbers") == "3");
  CHECK(value_of(c.arms[2], "task", "largest") == "9");
  CHECK(value_of(c.arms[3], "algorithm", "clip") == "nothing");
  for (const ComparisonArm& arm : c.arms) {
    const Experiment e = Experiment::from_node(arm.root, "x");
    CHECK(e.general.seed == 4);
    CHECK(e.train.budget_tokens == 1e6);
    CHECK(e.train.steps == 10000000);
    CHECK(e.eval.split == "validation");
  }
}

TEST_CASE(
    "controls are the first arm without its warm start, without RL, or with a coin for a "
    "verifier") {
  const Comparison c = read(kBase + kArms + "  controls: [random_reward, untrained, warm_start]\n");
  REQUIRE(c.arms.size() == 4);
  CHECK(c.arms[1].role == ArmRole::untrained);
  CHECK(Experiment::from_node(c.arms[1].root, "x").warm_start.steps == 0);
  CHECK(Experiment::from_node(c.arms[1].root, "x").train.steps == 0);
  CHECK(c.arms[2].role == ArmRole::warm_start);
  CHECK(Experiment::from_node(c.arms[2].root, "x").warm_start.steps == 5);
  CHECK(c.arms[3].role == ArmRole::random_reward);
  CHECK(Experiment::from_node(c.arms[3].root, "x").train.random_reward == 0.5);
  CHECK(Experiment::from_node(c.arms[3].root, "x").train.steps == 3);
  CHECK(read(kBase + kArms).arms.size() == 3);  // by default the first two
  CHECK(read("task: countdown\nalgorithm: grpo\n" + kArms).arms.back().name ==
        "untrained");  // where there is no warm start
}

TEST_CASE("the controls of what RL adds differ from the first arm in what they are named for") {
  const Comparison c =
      read(kBase + kArms + "  controls: [more_imitation, best_of, restart, cooler]\n");
  REQUIRE(c.arms.size() == 5);
  const auto experiment = [&](std::size_t arm) {
    return Experiment::from_node(c.arms[arm].root, "x");
  };
  CHECK(c.arms[1].role == ArmRole::cooler);
  CHECK(experiment(1).train.steps == 0);
  CHECK(experiment(1).eval.best_temperature);
  CHECK(c.arms[2].role == ArmRole::restart);
  CHECK(experiment(2).train.steps == 0);
  CHECK(experiment(2).eval.ask_again);
  CHECK(c.arms[3].role == ArmRole::best_of);
  CHECK(experiment(3).algorithm.use == "raft");
  CHECK(experiment(3).train.steps == 3);
  CHECK_FALSE(experiment(3).train.imitate);
  CHECK(c.arms[4].role == ArmRole::more_imitation);
  CHECK(experiment(4).algorithm.use == "raft");
  CHECK(experiment(4).algorithm.settings.find("keep")->scalar == "all");
  CHECK(experiment(4).train.imitate);
  CHECK(experiment(4).train.learning_rate == experiment(0).train.learning_rate);
  for (std::size_t arm = 1; arm < 5; ++arm) CHECK(learns(c.arms[arm].role) == (arm > 2));
}

TEST_CASE("verdicts are against the first arm, or of all pairs") {
  CHECK(read(kBase + kArms).pairs == "first");
  CHECK(read(kBase + kArms + "  pairs: all\n").pairs == "all");
  CHECK_THROWS_AS(read(kBase + kArms + "  pairs: some\n"), Error);
}

TEST_CASE("a comparison extends an experiment, whose length and seed it replaces") {
  const TemporaryFolder folder;
  write_file_synced(
      folder / "base.yaml",
      "seed: 9\n" + kBase + "train: {steps: 77, learning_rate: 5e-4}\neval: {split: test}\n");
  write_file_synced(folder / "c.yaml", "extends: base.yaml\n" + kArms);
  const Comparison c =
      Comparison::load(folder / "c.yaml", {"compare.seeds=[3]", "compare.budget.steps=8"});
  const Experiment e = Experiment::from_node(c.arms[0].root, "c");
  CHECK(c.name == "c");
  CHECK(e.general.seed == 3);
  CHECK(e.train.steps == 8);
  CHECK(e.train.learning_rate == 5e-4);
  CHECK_THROWS_WITH_AS(
      Comparison::load(folder / "c.yaml", {"train.steps=5"}),
      doctest::Contains(
          "command line: train.steps has no effect in a comparison: compare.budget decides"),
      Error);
}

TEST_CASE("what is wrong is refused where it stands") {
  const struct {
    std::string yaml, words;
  } cases[] = {
      {kBase, "no section \"compare\""},
      {kBase + "compare: {budget: {steps: 1}}\n", "x.yaml:4:10: compare.arms names nothing"},
      {kBase + "compare: {budget: {steps: 1}, arms: [a, b]}\n",
       "x.yaml:4:37: compare.arms names nothing"},
      {kBase + "compare: {arms: {a: {}}}\n", "x.yaml:4:10: compare.budget is missing"},
      {kBase + "compare: {budget: {steps: 1, tokens: 5}, arms: {a: {}}}\n",
       "x.yaml:4:19: compare.budget sets more than one"},
      {kBase + "compare: {budget: {step: 1}, arms: {a: {}}}\n",
       "x.yaml:4:20: unknown setting \"compare.budget.step\""},
      {kBase + "compare: {bugdet: {steps: 1}, arms: {a: {}}}\n",
       "x.yaml:4:11: unknown setting \"compare.bugdet\""},
      {kBase + "compare: {budget: {steps: 1}, seeds: [1, 1], arms: {a: {}}}\n",
       "x.yaml:4:38: compare.seeds names a seed twice"},
      {kBase + "compare: {budget: {steps: 1}, seeds: [x], arms: {a: {}}}\n",
       "x.yaml:4:39: compare.seeds is x"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: grpo}}\n",
       "x.yaml:4:41: compare.arms.a is grpo"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {seed: 2}}}\n",
       "x.yaml:4:42: compare.arms.a cannot set seed"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {train.steps: 2}}}\n",
       "x.yaml:4:42: compare.arms.a cannot set train.steps"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {train: {budget_tokens: 2}}}}\n",
       "x.yaml:4:50: compare.arms.a cannot set train.budget_tokens"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {eval: {problems: 2}}}}\n",
       "x.yaml:4:42: compare.arms.a cannot set eval"},
      {kBase +
           "compare: {budget: {steps: 1}, arms: {a: {train.updates: 2, train: {updates: 1}}}}\n",
       "is set twice"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {.x: 2}}}\n",
       "x.yaml:4:42: compare.arms.a: \".x\" has an empty name"},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {trian.updates: 2}}}\n",
       "x.yaml:4:42: unknown setting \"trian\""},
      {kBase + "compare: {budget: {steps: 1}, arms: {a: {train.updats: 2}}}\n",
       "x.yaml:4:42: unknown setting \"train.updats\""},
      {kBase + "compare: {budget: {steps: 1}, arms: {a/b: {}}}\n",
       "x.yaml:4:38: \"a/b\" cannot be an arm"},
      {kBase + "compare: {budget: {steps: 1}, arms: {untrained: {}}}\n",
       "x.yaml:4:38: \"untrained\" is the name of a control"},
      {kBase + kArms + "  controls: [none, untrained]\n", "names none together with others"},
      {kBase + kArms + "  controls: all\n", "x.yaml:8:13: compare.controls is all"},
      {"task: countdown\nalgorithm: grpo\n" + kArms + "  controls: warm_start\n",
       "x.yaml:7:13: the control warm_start has no effect"},
      {"seed: 3\n" + kBase + kArms,
       "x.yaml:1:7: seed has no effect in a comparison: compare.seeds decides"},
      {kBase + "eval: {split: test}\n" + kArms, "x.yaml:4:15: eval.split has no effect"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.yaml);
    CHECK_THROWS_WITH_AS(read(c.yaml), doctest::Contains(c.words.c_str()), Error);
  }
}

TEST_CASE("a budget has one unit") {
  CHECK(ComparisonBudget{.tokens = 5}.unit() == "tokens");
  CHECK(ComparisonBudget{.tokens = 5}.amount() == 5);
  CHECK(ComparisonBudget{.seconds = 7}.unit() == "seconds");
  CHECK(ComparisonBudget{.seconds = 7}.amount() == 7);
  CHECK(ComparisonBudget{.steps = 9}.unit() == "steps");
  CHECK(ComparisonBudget{.steps = 9}.amount() == 9);
}

TEST_CASE("hints for an arm's mistakes know the plugins that it uses") {
  const auto keys_of = [](const Node& arm) {
    const std::string use = arm.find("algorithm")->find("use")->scalar;
    return std::vector<std::string>{"algorithm." + use + "_only"};
  };
  const std::string yaml =
      kBase + "compare: {budget: {steps: 1}, arms: {a: {algorithm: ppo, train.ppo_only: 1}}}\n";
  try {
    Comparison::from_node(parse_yaml(yaml, "x.yaml"), "x", keys_of);
    FAIL("taken");
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find("unknown setting \"train.ppo_only\"") != std::string::npos);
    CHECK(e.hint() == "it belongs elsewhere: algorithm.ppo_only");
  }
}
