#include "core/config/document.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/document");

TEST_CASE("values remember where they stand") {
  const Node root = parse_yaml("seed: 1\ntrain:\n  steps: 20\n  name: \"3\"\nlist: [1, a, \"b\"]\nnothing: ~\n", "x.yaml");
  CHECK(root.find("seed")->origin.text() == "x.yaml:1:7");
  const Node* steps = root.find("train")->find("steps");
  CHECK(steps->scalar == "20");
  CHECK(steps->origin.text() == "x.yaml:3:10");
  CHECK(root.find("train")->find("name")->quoted);
  CHECK(root.find("list")->items.size() == 3);
  CHECK(root.find("nothing")->kind == Node::Kind::null);
  CHECK(root.find("absent") == nullptr);
}

TEST_CASE("bad YAML is refused where it stands") {
  struct Case {
    const char* text;
    const char* message;
  };
  const Case cases[] = {
      {"a: 1\na: 2\n", "x.yaml:2:1: \"a\" is set twice (first at x.yaml:1:4)"},
      {"a: [1, 2\nb: 3\n", "not valid YAML"},
      {"a: &x 1\nb: *x\n", "anchors and aliases"},
      {"a: 1\n---\nb: 2\n", "a second YAML document"},
      {"? [1]\n: 2\n", "a key must be a plain name"},
      {"\ta: 1\n", "not valid YAML"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK_THROWS_WITH_AS(parse_yaml(c.text, "x.yaml"), doctest::Contains(c.message), Error);
  }
  std::string deep;
  for (int i = 0; i < 5000; ++i) deep += "[";
  CHECK_THROWS_AS(parse_yaml(deep, "x.yaml"), Error);
}

TEST_CASE("extends lays a file on top of another") {
  const TemporaryFolder folder;
  write_file_synced(folder / "base.yaml", "seed: 1\ntrain: {steps: 10, learning_rate: 1e-3}\n");
  write_file_synced(folder / "top.yaml", "extends: base.yaml\ntrain: {steps: 20}\n");
  write_file_synced(folder / "loop.yaml", "extends: loop.yaml\n");
  const Node root = load_yaml(folder / "top.yaml");
  CHECK(root.find("extends") == nullptr);
  CHECK(root.find("seed")->scalar == "1");
  CHECK(root.find("train")->find("steps")->scalar == "20");
  CHECK(root.find("train")->find("learning_rate")->scalar == "1e-3");
  CHECK_THROWS_WITH_AS(load_yaml(folder / "loop.yaml"), doctest::Contains("extends itself"), Error);
  CHECK_THROWS_AS(load_yaml(folder / "none.yaml"), Error);
}

TEST_CASE("overrides reach any depth and are YAML themselves") {
  Node root = parse_yaml("train: {steps: 1}\n", "x.yaml");
  apply_override(root, "train.steps=5");
  apply_override(root, "algorithm.clip=[0.2, 0.3]");
  apply_override(root, "task.wording=\"long\"");
  CHECK(root.find("train")->find("steps")->scalar == "5");
  CHECK(root.find("train")->find("steps")->origin.text() == "command line");
  CHECK(root.find("algorithm")->find("clip")->items.size() == 2);
  CHECK(root.find("task")->find("wording")->quoted);
  CHECK_THROWS_WITH_AS(apply_override(root, "train"), doctest::Contains("not an override"), Error);
  CHECK_THROWS_AS(apply_override(root, "=1"), Error);
  CHECK_THROWS_AS(apply_override(root, "train..steps=1"), Error);
  CHECK_THROWS_WITH_AS(apply_override(root, "train.steps.more=1"), doctest::Contains("is not a map"), Error);
}
