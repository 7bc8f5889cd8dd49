#include "core/config/document.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/document");

TEST_CASE("values remember where they stand") {
  const Node root = parse_yaml(
      "seed: 1\ntrain:\n  steps: 20\n  name: \"3\"\nlist: [1, a, \"b\"]\nnothing: ~\n", "x.yaml");
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
      {"\ta: 1\n", "x.yaml:1:1: indented with a tab"},
      {"a:\n  \tb: 1\n", "x.yaml:2:3: indented with a tab"},
      {"a: 1\nb: \xE4\n", "x.yaml:2:4: byte 0xE4 is not UTF-8"},  // Latin-1
      {"\xC3\xA4: \xED\xA0\x80\n",
       "x.yaml:1:4: byte 0xED is not UTF-8"},  // a surrogate; columns count characters
      {"a: \xC0\xAF\n", "x.yaml:1:4: byte 0xC0 is not UTF-8"},  // overlong
      {"\xFF\xFE"
       "a:1",
       "x.yaml:1:1: the text is UTF-16"},
      {"a: 1\nb: \x04\nc: 3\n", "x.yaml:2:4: control character 0x04"},  // yaml-cpp would end here
      {"a: !!int 5\n", "x.yaml:1:4: tags are not supported"},
      {"a: !x [1]\n", "tags are not supported"},
      {"a: !x {b: 1}\n", "tags are not supported"},
      {"a:\n  <<: {b: 1}\n", "x.yaml:2:3: merge keys are not supported"},
      {"{a: 1}: 2\n", "a key must be a plain name"},
      {"~: 2\n", "a key must be a plain name"},
      {"\"\": 2\n", "a key must be a plain name"},
      {"\"a\\e[2J\": 2\n", "a key must be a plain name"},
      {"a: 1\n]\n", "x.yaml:2:1: not valid YAML"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    CHECK_THROWS_WITH_AS(parse_yaml(c.text, "x.yaml"), doctest::Contains(c.message), Error);
  }
}

TEST_CASE("a quote that is not closed is named where it begins, not taken to the end of the file") {
  const auto place = [](const char* text) {
    try {
      parse_yaml(text, "x.yaml");
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(place("# é\na: 1\nb: \"abc\nc: 2\n") == "x.yaml:3:4: a quote that is not closed");
  CHECK(place("a: 'it''s\n") == "x.yaml:1:4: a quote that is not closed");
  CHECK(place("a: \"x\\\"\n") == "x.yaml:1:4: a quote that is not closed");
  CHECK(place("\"a: 1\n").find("x.yaml:1:1") == 0);
  CHECK(place("a: [1, \"b]\n").find("x.yaml:") == 0);
  CHECK(place("é: \"é\"\nb: 'it''s'\nc: \"x\\\"\"\nd: |\n  \"open\ne: it's\n").empty());
}

TEST_CASE("what is taken: a byte order mark, other line ends, tabs within a line, any quotes") {
  const Node root = parse_yaml(
      "\xEF\xBB\xBF"
      "a: 1\t# b\r\n\r\n\r\nb: \"\\t\"\r\nc: 'it''s'\r\nd: \xC3\xA9\r\n",
      "x.yaml");
  CHECK(root.find("a")->scalar == "1");
  CHECK(root.find("b")->scalar == "\t");
  CHECK(root.find("b")->origin.text() == "x.yaml:4:4");
  CHECK(root.find("c")->scalar == "it's");
  CHECK(root.find("d")->scalar == "\xC3\xA9");
}

TEST_CASE("no text takes more than bounded depth, values and bytes") {
  const auto repeated = [](const std::string& text, int times) {
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
  };
  std::string bomb = "a: &a [x]\n";
  for (char c = 'b'; c < 'k'; ++c)
    bomb += fmt::format("{}: &{} [*{}, *{}]\n", c, c, static_cast<char>(c - 1),
                        static_cast<char>(c - 1));
  std::string keys;
  for (int i = 0; i < 50'000; ++i) keys += fmt::format("k{}: 1\n", i);
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {bomb, "x.yaml:1:4: anchors and aliases"},
      {repeated("[", 5000) + repeated("]", 5000), "nested more than 32 levels deep"},
      {repeated("[", 5000), "x.yaml:1:1: a key must be a plain name"},
      {repeated("- ", 5000), "nested more than 32 levels deep"},
      {"a: [" + repeated("1,", 20'000) + "]", "more than 10000 values"},
      {keys, "more than 10000 values"},
      {"a: " + repeated("x", 2 << 20), "x.yaml:1:1: 2097155 bytes; an experiment may have 1048576"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.message);
    CHECK_THROWS_WITH_AS(parse_yaml(c.text, "x.yaml"), doctest::Contains(c.message), Error);
  }
  CHECK_THROWS_AS(parse_yaml(repeated("? ", 100'000), "x.yaml"), Error);
  CHECK_THROWS_AS(parse_yaml(repeated("\"", 100'001), "x.yaml"), Error);
}

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
                       doctest::Contains("extends belongs into a file"), Error);
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
    refused(value, "has no value, and would take away steps, updates", "train.steps=DEFAULT");
  refused("task=", "would take away use, levels", "task.use=DEFAULT");
  refused("compare.arms.a=", "would take away seed", "compare.arms.a.seed=DEFAULT");
  refused("compare.arms={}", "would take away a", "compare.arms.a=DEFAULT");
  for (const char* value : {"train.steps=", "seed=", "seed=null", "rollout=", "rollout={}",
                            "rollout.samples=~", "task.levels="})
    refused(value, "has no value", "to go back to a default, write it: ");
  Node root = parse_yaml("compare: {arms: {a: {}}}\nmodel: {path: m}\n", "x.yaml");
  apply_override(root, "compare.arms.b={}");  // one more arm, which is as the file
  CHECK(root.find("compare")->find("arms")->find("b")->kind == Node::Kind::map);
  apply_override(root, "model.path=\"\"");
  CHECK(root.find("model")->find("path")->scalar.empty());
}

TEST_CASE("words that are no overrides say what to write") {
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
  CHECK(hint_of("other.yaml").find("one experiment file at a time") == 0);
  CHECK(hint_of("steps").find("write key=value") == 0);
  CHECK(hint_of("+train.steps=3") == "write the key alone, without +");
  CHECK(hint_of("++train.steps=3") == "write the key alone, without ++");
  CHECK(hint_of("~train.steps=3") == "write the key alone, without ~");
}

TEST_CASE("a key without a blank behind its colon is named") {
  const auto hint_of = [](const char* text) {
    try {
      parse_yaml(text, "x.yaml");
    } catch (const Error& e) {
      return e.hint();
    }
    return std::string();
  };
  CHECK(hint_of("train:\n  steps:20\n  updates: 2\n") ==
        "a colon wants a blank after it: steps: 20");
  CHECK(hint_of("a: 1\n]\n") == "check indentation, quotes and brackets");
  CHECK(hint_of("a: {b: 1\nc: 2\n").find("check indentation") == 0);
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml", "seed:1\n");
  try {
    load_yaml(folder / "x.yaml");
    FAIL("taken");
  } catch (const Error& e) {
    CHECK(e.hint() == "a colon wants a blank after it: seed: 1");
  }
}

TEST_CASE("no word of the YAML library stands alone") {
  for (const char* text :
       {"a: 1\n]\n", "a: [1, 2\n", "a: {b: 1\n", "a: b: c\n", "- a\nb: 1\n", "a: 1\n  b: 2\n",
        "a: \"\\q\"\n", "a: @b\n", "a: \"\\xZZ\"\n", "a: |x\n  b\n", "a:\n- b\n c: 1\n"}) {
    CAPTURE(text);
    std::string what;
    try {
      parse_yaml(text, "x.yaml");
    } catch (const Error& e) {
      what = e.what();
      CHECK_FALSE(e.hint().empty());
    }
    CAPTURE(what);
    CHECK(what.find("x.yaml:") == 0);
    for (const char* theirs : {"illegal", "not found", "unknown", "scanning", "yaml-cpp"})
      CHECK(what.find(theirs) == std::string::npos);
  }
}

TEST_CASE(
    "a path is taken from the file that says it, and on the command line from the current folder") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "configs/deep");
  write_file_synced(folder / "configs/base.yaml", "model: {path: weights/a}\n");
  write_file_synced(folder / "configs/deep/top.yaml",
                    "extends: ../base.yaml\ntask: {words: ../w.txt, more: [x, /y]}\n");
  const Node root = load_yaml(folder / "configs/deep/top.yaml");
  CHECK(whole_path(*root.find("model")->find("path")) == (folder / "configs/weights/a").string());
  CHECK(whole_path(*root.find("task")->find("words")) == (folder / "configs/w.txt").string());
  CHECK(whole_path(root.find("task")->find("more")->items[0]) ==
        (folder / "configs/deep/x").string());
  CHECK(whole_path(root.find("task")->find("more")->items[1]) == "/y");
  Node over = root;
  apply_override(over, "task.words=w.txt");
  CHECK(whole_path(*over.find("task")->find("words")) == (fs::current_path() / "w.txt").string());
  apply_override(over, "task.words=~/w.txt");  // a name like any other
  CHECK(whole_path(*over.find("task")->find("words")) == (fs::current_path() / "~/w.txt").string());
  CHECK(missing_path_hint(*over.find("task")->find("words")).find("~ is not expanded here") == 0);
  apply_override(over, "task.words=\"\"");
  CHECK(whole_path(*over.find("task")->find("words")).empty());
  // ".." after a link goes where the link leads.
  fs::create_directories(folder / "far/away");
  fs::create_directory_symlink(folder / "far/away", folder / "configs/link");
  write_file_synced(folder / "configs/linked.yaml", "path: link/../w.txt\n");
  const std::string whole = whole_path(*load_yaml(folder / "configs/linked.yaml").find("path"));
  CHECK(fs::weakly_canonical(whole) == fs::weakly_canonical(folder / "far/w.txt"));
}
