#include "core/config/overrides.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/config/yaml.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/overrides");

TEST_CASE("overrides reach any depth and are YAML themselves") {
  Node root = parse_yaml("train: {steps: 1}\n", "x.yaml");
  apply_override(root, "train.steps=5");
  apply_override(root, "algorithm.clip=[0.2, 0.3]");
  apply_override(root, "task.wording=\"long\"");
  CHECK(root.find("train")->find("steps")->scalar == "5");
  CHECK(root.find("train")->find("steps")->origin.text() == "command line");
  CHECK(root.find("algorithm")->find("clip")->items.size() == 2);
  CHECK(root.find("task")->find("wording")->quoted);
  apply_override(root, "model={preset: tiny, shape: {layers: [1, 2]}}");
  const Node* layers = root.find("model")->find("shape")->find("layers");
  CHECK(layers->items[1].scalar == "2");
  CHECK(layers->items[1].origin.text() == "command line");  // and so at any depth
  apply_override(root, "train.name=a=b");
  CHECK(root.find("train")->find("name")->scalar == "a=b");
  CHECK_THROWS_WITH_AS(apply_override(root, "a.b=1: [}"),
                       doctest::Contains("command line, \"a.b=1: [}\":1:9: not valid YAML"), Error);
  CHECK_THROWS_WITH_AS(apply_override(root, "a.b=&x 1"),
                       doctest::Contains("command line, \"a.b=&x 1\":1:5: anchors and aliases"),
                       Error);
  CHECK_THROWS_WITH_AS(apply_override(root, "extends=b.yaml"),
                       doctest::Contains("extends belongs in a file"), Error);
  std::string deep = "a";
  for (int i = 0; i < 100; ++i) deep += ".a";
  CHECK_THROWS_WITH_AS(apply_override(root, deep + "=1"),
                       doctest::Contains("more than 32 levels deep"), Error);
  CHECK_THROWS_WITH_AS(apply_override(root, "train"), doctest::Contains("not an override"), Error);
  CHECK_THROWS_AS(apply_override(root, "=1"), Error);
  CHECK_THROWS_AS(apply_override(root, "train..steps=1"), Error);
  CHECK_THROWS_AS(apply_override(root, "train.=1"), Error);
  CHECK_THROWS_WITH_AS(apply_override(root, "train.steps.more=1"),
                       doctest::Contains("is not a map"), Error);
}

TEST_CASE("an override without a value is refused, and says how to go back to a default") {
  const auto refused = [](const char* assignment, const char* words, const char* hint) {
    Node root = parse_yaml(
        "seed: 1\ntrain: {steps: 10, updates: 2}\ntask: {use: count, levels: [{n: 1}]}\ncompare: "
        "{arms: {a: {seed: 1}}}\n",
        "x.yaml");
    CAPTURE(assignment);
    try {
      apply_override(root, assignment);
      FAIL("taken");
    } catch (const Error& e) {
      CHECK(std::string(e.what()).find(words) != std::string::npos);
      CHECK(e.hint().find(hint) != std::string::npos);
    }
  };
  for (const char* value :
       {"train=", "train=~", "train=null", "train={}", "train=  ", "train=# nothing"})
    refused(value, "has no value, and would delete steps, updates", "train.steps=DEFAULT");
  refused("task=", "would delete use, levels", "task.use=DEFAULT");
  refused("compare.arms.a=", "would delete seed", "compare.arms.a.seed=DEFAULT");
  refused("compare.arms={}", "would delete a", "compare.arms.a=DEFAULT");
  for (const char* value : {"train.steps=", "seed=", "seed=null", "rollout=", "rollout={}",
                            "rollout.samples=~", "task.levels="})
    refused(value, "has no value", "to go back to a default, write it: ");
  Node root = parse_yaml("compare: {arms: {a: {}}}\nmodel: {path: m}\n", "x.yaml");
  apply_override(root, "compare.arms.b={}");  // one more arm, which is as the file
  CHECK(root.find("compare")->find("arms")->find("b")->kind == Node::Kind::map);
  apply_override(root, "model.path=\"\"");
  CHECK(root.find("model")->find("path")->scalar.empty());
}

TEST_CASE("a word that is not an override is answered with what to write") {
  const auto hint_of = [](const char* word) {
    Node root = parse_yaml("seed: 1\n", "x.yaml");
    try {
      apply_override(root, word);
    } catch (const Error& e) {
      return e.hint();
    }
    return std::string("taken");
  };
  CHECK(hint_of("train.steps:20") == "write it with =: train.steps=20");
  CHECK(hint_of("other.yaml").find("give one experiment file") == 0);
  CHECK(hint_of("steps").find("write key=value") == 0);
  CHECK(hint_of("+train.steps=3") == "write the key alone, without +");
  CHECK(hint_of("++train.steps=3") == "write the key alone, without ++");
  CHECK(hint_of("~train.steps=3") == "write the key alone, without ~");
}

TEST_CASE("wrong overrides are collected, and the right ones apply") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml", "seed: 1\ntask: count\n");
  Mistakes mistakes;
  const Node root = load_with_overrides(
      folder / "x.yaml", {"seed=2", "steps", "task=other", "seed.a=1", "train.steps=3"}, mistakes);
  CHECK(root.find("seed")->scalar == "2");
  CHECK(root.find("task")->find("use")->scalar == "other");  // in its long form
  CHECK(root.find("train")->find("steps")->scalar == "3");
  try {
    mistakes.refuse();
    FAIL("nothing was collected");
  } catch (const Errors& e) {
    REQUIRE(e.all().size() == 2);
    CHECK(std::string(e.all()[0].what()) == "\"steps\" is not an override");
    CHECK(std::string(e.all()[1].what()).find("override \"seed.a=1\"") == 0);
  }
}

TEST_CASE("the last of two overrides counts, and the command line lies over every file") {
  Node root = parse_yaml("train: {steps: 1}\n", "x.yaml");
  apply_override(root, "train.steps=2");
  apply_override(root, "train.steps=3");
  CHECK(root.find("train")->find("steps")->scalar == "3");
  CHECK(root.find("train")->find("steps")->origin.layer == 1);
  CHECK(root.find("train")->origin.layer == 0);
}
