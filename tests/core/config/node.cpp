#include "core/config/node.h"

#include <doctest/doctest.h>

#include "core/base/file.h"
#include "core/config/document.h"
#include "core/config/overrides.h"
#include "core/config/yaml.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/node");

namespace {

Node tree(const char* text) { return parse_yaml(text, "x.yaml"); }

}  // namespace

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

TEST_CASE("a map is overlaid key by key, everything else as a whole") {
  struct Case {
    const char *base, *over, *result;
  };
  const Case cases[] = {
      {"{a: 1, b: 2}", "{b: 3, c: 4}", "{a: 1, b: 3, c: 4}"},
      {"{a: {x: 1, y: 2}}", "{a: {y: 3}}", "{a: {x: 1, y: 3}}"},
      {"{a: [1, 2]}", "{a: [3]}", "{a: [3]}"},
      {"{a: 1}", "{a: {x: 1}}", "{a: {x: 1}}"},
      {"{a: {x: 1}}", "{a: 1}", "{a: 1}"},
      {"{a: {x: 1}}", "{a: }", "{a: {x: 1}}"},
      {"{a: 1}", "{a: }", "{a: null}"},
      {"{t: {use: p, x: 1}}", "{t: {use: q}}", "{t: {use: q}}"},
      {"{t: {use: p, x: 1}}", "{t: {use: p, y: 2}}", "{t: {use: p, x: 1, y: 2}}"},
      {"{t: {x: 1}}", "{t: {use: q}}", "{t: {x: 1, use: q}}"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.base);
    CAPTURE(c.over);
    Node base = tree(c.base);
    overlay(base, tree(c.over));
    CHECK(flow_text(base) == c.result);
  }
}

TEST_CASE("an overlaid value has the origin of what was laid over it") {
  Node base = parse_yaml("a: 1\nb: 2\n", "base.yaml");
  overlay(base, parse_yaml("\nb: 3\n", "top.yaml"));
  CHECK(base.find("a")->origin.text() == "base.yaml:1:4");
  CHECK(base.find("b")->origin.text() == "top.yaml:2:4");
  CHECK(base.find_entry("b")->origin.text() == "top.yaml:2:1");
}

TEST_CASE("a tree on one line reads back as the same tree") {
  for (const char* text :
       {"{}", "[]", "null", "1", "a", "{a: 1, b: [1, 2, {c: d}]}", "{a: \"1, 2\"}", "{a: \"\"}",
        "{a: \"x: y\"}", "{a: \"#\", b: \"a\\nb\"}", "{a: \"true\"}", "[[[]]]"}) {
    CAPTURE(text);
    const std::string line = flow_text(tree(text));
    CHECK(line.find('\n') == std::string::npos);
    CHECK(flow_text(tree(line.c_str())) == line);
  }
  CHECK(flow_text(tree("a:\n- 1\n- b: x y\n")) == "{a: [1, {b: x y}]}");
}

TEST_CASE("a node is described as it was written") {
  CHECK(tree("").describe() == "nothing");
  CHECK(tree("[1]").describe() == "a list");
  CHECK(tree("{a: 1}").describe() == "a map");
  CHECK(tree("1.50").describe() == "1.50");
  CHECK(tree("\"1.50\"").describe() == "\"1.50\"");
}

TEST_CASE("keys are found with their values, and absent ones are null") {
  Node root = tree("{a: 1, b: {c: 2}}");
  CHECK(root.find("b")->find("c")->scalar == "2");
  CHECK(root.find("c") == nullptr);
  CHECK(root.find_entry("c") == nullptr);
  root.find("a")->scalar = "5";
  CHECK(root.find_entry("a")->value.scalar == "5");
  CHECK(tree("[a]").find("a") == nullptr);
  CHECK(place_of(nullptr).source.empty());
  CHECK(place_of(root.find("a")).text() == "x.yaml:1:5");
}

TEST_CASE("a text is shown on one line of at most 80 bytes, in whole characters") {
  CHECK(shown_text("plain, é") == "plain, é");
  CHECK(shown_text("a\nb\tc\x1b[2J\x7f") == "a b c [2J ");
  CHECK(shown_text(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(shown_text(std::string(81, 'x')) == std::string(80, 'x') + "…");
  CHECK(shown_text(std::string(79, 'x') + "é" + "y") == std::string(79, 'x') + "…");
  CHECK(shown_text(std::string(78, 'x') + "é") == std::string(78, 'x') + "é");
}

TEST_CASE("the hint for a missing path says what it is relative to") {
  const TemporaryFolder folder;
  write_file_synced(folder / "x.yaml", "path: tests\nother: none-of-this-name\n");
  const Node root = load_yaml(folder / "x.yaml");
  CHECK(missing_path_hint(*root.find("other")) ==
        "the path is relative to the file that contains it");
  const std::string here = missing_path_hint(*root.find("path"));  // exists in the current folder
  CHECK(here.find("from there it is ") != std::string::npos);
  CHECK(here.ends_with("/tests"));
  Node over = root;
  apply_override(over, "path=none");
  CHECK(missing_path_hint(*over.find("path")) ==
        "the path is relative to the current folder, " + fs::current_path().string());
}
