#include "core/config/document.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/base/file.h"
#include "core/config/yaml.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/document");

TEST_CASE("a large file is refused before it is read") {
  const TemporaryFolder folder;
  write_file_synced(folder / "large.yaml", "seed: 1\n");
  fs::resize_file(folder / "large.yaml", 100'000'000);  // a hole
  CHECK_THROWS_WITH_AS(load_yaml(folder / "large.yaml"),
                       doctest::Contains("large.yaml:1:1: 100000000 bytes"), Error);
  write_file_synced(folder / "empty.yaml", "");
  CHECK_THROWS_WITH_AS(load_yaml(folder / "empty.yaml"),
                       doctest::Contains("empty.yaml:1:1: expected settings"), Error);
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
  write_file_synced(folder / "empty.yaml", "# train: {steps: 3}\n");
  write_file_synced(folder / "over_empty.yaml", "extends: empty.yaml\nseed: 1\n");
  CHECK_THROWS_WITH_AS(load_yaml(folder / "over_empty.yaml"),
                       doctest::Contains("empty.yaml:1:1: expected settings"), Error);
  for (const char* nothing :
       {"extends:\n", "extends: ~\n", "extends: ''\n", "extends: [a.yaml]\n"}) {
    write_file_synced(folder / "nowhere.yaml", std::string("seed: 1\n") + nothing);
    CHECK_THROWS_WITH_AS(load_yaml(folder / "nowhere.yaml"),
                         doctest::Contains("expected the path of one file"), Error);
  }
  write_file_synced(folder / "folder.yaml", "extends: .\n");
  CHECK_THROWS_WITH_AS(load_yaml(folder / "folder.yaml"),
                       doctest::Contains("is a folder, not a regular file"), Error);
  write_file_synced(folder / "lost.yaml", "seed: 1\nextends: none.yaml\n");
  CHECK_THROWS_WITH_AS(load_yaml(folder / "lost.yaml"),
                       doctest::Contains("lost.yaml:2:10: no file"), Error);
  write_file_synced(folder / "0.yaml", "seed: 1\n");
  for (int i = 1; i <= 20; ++i)
    write_file_synced(folder / fmt::format("{}.yaml", i), fmt::format("extends: {}.yaml\n", i - 1));
  CHECK(load_yaml(folder / "10.yaml").find("seed")->origin.text() ==
        (folder / "0.yaml").string() + ":1:7");
  CHECK_THROWS_WITH_AS(load_yaml(folder / "20.yaml"),
                       doctest::Contains("more than 16 files extend each other"), Error);
}

TEST_CASE("the section of another plugin takes nothing from the one it stands over") {
  const TemporaryFolder folder;
  write_file_synced(folder / "base.yaml", "task: count\nalgorithm: {use: one, clip: 0.2}\n");
  const auto over = [&](const char* text) {
    write_file_synced(folder / "top.yaml", std::string("extends: base.yaml\n") + text);
    return load_yaml(folder / "top.yaml");
  };
  CHECK(over("task: {numbers: 3}\n").find("task")->find("use")->scalar == "count");
  CHECK(over("algorithm: {kl: 0.1}\n").find("algorithm")->find("clip")->scalar == "0.2");
  CHECK(over("algorithm: {use: one, kl: 0.1}\n").find("algorithm")->find("clip")->scalar == "0.2");
  CHECK(over("algorithm: two\n").find("algorithm")->find("clip") == nullptr);
  CHECK(over("algorithm: {use: two, kl: 0.1}\n").find("algorithm")->find("clip") == nullptr);
}

TEST_CASE("a section without a value takes nothing away, at any depth") {
  const TemporaryFolder folder;
  const std::string base =
      "train: {steps: 10, learning_rate: 1e-3}\n"
      "task: {use: mix, tasks: {count: {weight: 3, numbers: 4}, sums: {use: add, levels: [{n: 1}, "
      "{n: 2}]}}}\n"
      "compare: {budget: {steps: 3}, arms: {one: {train: {updates: 2}}}}\n";
  write_file_synced(folder / "base.yaml", base);
  const Node whole = load_yaml(folder / "base.yaml");
  const std::string children[] = {"train:\n",
                                  "train:\n  # steps: 20\n  # learning_rate: 1e-4\n",
                                  "train: ~\n",
                                  "train: null\n",
                                  "train: {}\n",
                                  "task:\n",
                                  "task: {}\n",
                                  "task: {tasks: }\n",
                                  "task: {tasks: {}}\n",
                                  "task: {tasks: {count: , sums: ~}}\n",
                                  "task: {tasks: {count: count, sums: add}}\n",
                                  "compare:\n",
                                  "compare: {budget: , arms: }\n",
                                  "compare: {arms: {one: }}\n",
                                  "compare: {arms: {one: {train: }}}\n",
                                  "{}\n"};
  for (const std::string& child : children) {
    CAPTURE(child);
    write_file_synced(folder / "child.yaml",
                      child == "{}\n" ? "extends: base.yaml\n" : "extends: base.yaml\n" + child);
    Node root = load_yaml(folder / "child.yaml");
    // `count: count` says which task it is, and nothing else.
    if (child.find("count: count") != std::string::npos)
      std::erase_if(root.find("task")->find("tasks")->find("count")->entries,
                    [](const Entry& e) { return e.name == "use"; });
    CHECK(flow_text(root) == flow_text(whole));
  }
  // What has no value where a value belongs is there, for its reader to refuse.
  write_file_synced(folder / "child.yaml", "extends: base.yaml\ntrain: {steps: }\n");
  CHECK(load_yaml(folder / "child.yaml").find("train")->find("steps")->kind == Node::Kind::null);
  // An empty section of the file below takes nothing from the one above.
  write_file_synced(folder / "base.yaml", "train:\n");
  write_file_synced(folder / "child.yaml", "extends: base.yaml\ntrain: {steps: 4}\n");
  CHECK(load_yaml(folder / "child.yaml").find("train")->find("steps")->scalar == "4");
}

TEST_CASE("a file that is one word is answered with the key it may have meant") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml", "seed:1\n");
  try {
    load_yaml(folder / "x.yaml");
    FAIL("taken");
  } catch (const Error& e) {
    CHECK(e.hint() == "put a space after the colon: seed: 1");
  }
}

TEST_CASE("short forms of plugins become long ones, also in a mixture") {
  Node root = parse_yaml(
      "task: {use: mix, tasks: {a: countdown, b: {use: add}, c: }}\nalgorithm: grpo\ntrain: x\n",
      "x.yaml");
  expand_short_forms(root);
  const std::string text = flow_text(root);
  CHECK(text ==
        "{task: {use: mix, tasks: {a: {use: countdown}, b: {use: add}, c: null}}, "
        "algorithm: {use: grpo}, train: x}");
  CHECK(root.find("algorithm")->find("use")->origin.text() == "x.yaml:2:12");
  expand_short_forms(root);  // once is enough
  CHECK(flow_text(root) == text);
}

TEST_CASE("a file lies one layer above the file that it extends") {
  const TemporaryFolder folder;
  write_file_synced(folder / "a.yaml", "a: 1\n");
  write_file_synced(folder / "b.yaml", "extends: a.yaml\nb: 1\n");
  write_file_synced(folder / "c.yaml", "extends: b.yaml\nc: 1\n");
  const Node root = load_yaml(folder / "c.yaml");
  CHECK(root.find("a")->origin.layer == -2);
  CHECK(root.find("b")->origin.layer == -1);
  CHECK(root.find("c")->origin.layer == 0);
}
