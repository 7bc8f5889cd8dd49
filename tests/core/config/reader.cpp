#include "core/config/reader.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/overrides.h"
#include "core/config/yaml.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/reader");

namespace {

struct Options {
  std::int64_t steps = 10;
  double rate = 0.1;
  bool on = false;
  std::string kind = "soft";
  std::vector<std::int64_t> range = {1};
  double hardness = 1;

  SettingsTable table() {
    SettingsTable t;
    t.add("steps", steps, "steps").between(1, 100);
    t.add("rate", rate, "rate").between(0, 1);
    t.add("on", on, "on");
    t.add("kind", kind, "kind").one_of({"soft", "hard"});
    t.add("range", range, "range").up_to(2);
    t.add("hardness", hardness, "hardness").only_when("kind", "hard");
    return t;
  }
};

std::string message_of(const char* yaml) {
  Options options;
  const Node root = parse_yaml(yaml, "x.yaml");
  try {
    read_settings(&root, options.table(), "part");
  } catch (const Error& e) {
    return std::string(e.what()) + " | " + e.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("values arrive in their fields with their origins") {
  Options options;
  const Node root = parse_yaml(
      "steps: 5\nrate: 1e-3\non: true\nkind: hard\nrange: [2, 3]\nhardness: 2\nuse: me\n",
      "x.yaml");
  const auto resolved = read_settings(&root, options.table(), "part", {.reserved = {"use"}});
  CHECK(options.steps == 5);
  CHECK(options.rate == 1e-3);
  CHECK(options.on);
  CHECK(options.kind == "hard");
  CHECK(options.range == std::vector<std::int64_t>{2, 3});
  CHECK(options.hardness == 2);
  CHECK(resolved[0].path == "part.steps");
  CHECK(resolved[0].origin.text() == "x.yaml:1:8");
  Options defaults;
  CHECK(read_settings(nullptr, defaults.table(), "part")[0].origin.text() == "default");
}

TEST_CASE("what a later file or the command line switches off is dropped, not refused") {
  const auto rows = [](const char* override_) {
    Options options;
    Node root = parse_yaml("kind: hard\nhardness: 2\n", "x.yaml");
    apply_override(root, override_);
    std::string names;
    for (const ResolvedSetting& row : read_settings(&root, options.table(), "part"))
      names += row.path + " ";
    return names;
  };
  CHECK(rows("kind=soft").find("hardness") == std::string::npos);
  CHECK(rows("steps=5").find("hardness") != std::string::npos);
  Options options;
  Node root = parse_yaml("kind: soft\n", "x.yaml");
  apply_override(root, "hardness=2");  // the other way round it is a mistake
  CHECK_THROWS_WITH_AS(read_settings(&root, options.table(), "part"),
                       doctest::Contains("command line: part.hardness has no effect"), Error);
}

TEST_CASE("a mistake is one error with place, both values and a hint") {
  CHECK(message_of("stesp: 5") ==
        "x.yaml:1:1: unknown setting \"part.stesp\" | did you mean \"steps\"?");
  CHECK(message_of("steps: abc")
            .find("x.yaml:1:8: part.steps is abc, expected an integer from 1 to 100") == 0);
  CHECK(message_of("steps: 101").find("part.steps is 101, expected an integer from 1 to 100") !=
        std::string::npos);
  CHECK(message_of("steps: 1.5").find("expected an integer") != std::string::npos);
  CHECK(message_of("steps: \"5\"").find("expected an integer") != std::string::npos);
  CHECK(message_of("steps: 99999999999999999999").find("expected an integer") != std::string::npos);
  CHECK(message_of("steps:").find("part.steps is nothing") != std::string::npos);
  CHECK(message_of("steps: [1]").find("part.steps is a list") != std::string::npos);
  CHECK(message_of("rate: inf").find("expected a number") != std::string::npos);
  CHECK(message_of("rate: 2").find("from 0 to 1") != std::string::npos);
  CHECK(message_of("on: yes").find("expected true or false") != std::string::npos);
  CHECK(message_of("kind: sotf").find("did you mean \"soft\"?") != std::string::npos);
  CHECK(message_of("range: [1, 2, 3]").find("list of up to 2") != std::string::npos);
  CHECK(message_of("range: []").find("list of up to 2") != std::string::npos);
  CHECK(message_of("hardness: 2").find("part.hardness has no effect: part.kind is soft") !=
        std::string::npos);
  CHECK(message_of("[1]").find("expected a map of settings") != std::string::npos);
}

TEST_CASE("a base gives values to settings that the map does not set, without effect or not") {
  Options options;
  const Node base = parse_yaml("steps: 7\nrate: 0.5\nhardness: 3\n", "base.yaml");
  const Node map = parse_yaml("steps: 8\n", "x.yaml");
  const auto rows = read_settings(&map, options.table(), "part", {.base = &base});
  CHECK(options.steps == 8);
  CHECK(options.rate == 0.5);
  CHECK(rows[0].origin.text() == "x.yaml:1:8");
  CHECK(rows[1].origin.text() == "base.yaml:2:7");
  CHECK(rows[0].is_written());
  CHECK_FALSE(rows[2].is_written());
}

TEST_CASE("all mistakes of a section are told at once") {
  Options options;
  const Node root = parse_yaml("steps: 0\nrate: x\nextra: 1\n", "x.yaml");
  try {
    read_settings(&root, options.table(), "part");
    FAIL("taken");
  } catch (const Errors& e) {
    REQUIRE(e.all().size() == 3);
    CHECK(std::string(e.all()[2].what()) == "x.yaml:3:1: unknown setting \"part.extra\"");
  }
}

TEST_CASE("idle entries are those that a later layer leaves without effect") {
  Options options;
  Node root = parse_yaml("kind: hard\nhardness: 2\n", "x.yaml");
  CHECK(idle_entries(&root, options.table(), "part").empty());
  CHECK(idle_entries(nullptr, options.table(), "part").empty());
  apply_override(root, "kind=soft");
  const SettingsTable table = options.table();
  read_settings(&root, table, "part");
  const std::vector<IdleEntry> idle = idle_entries(&root, table, "part");
  REQUIRE(idle.size() == 1);
  CHECK(idle[0].entry->name == "hardness");
  CHECK(idle[0].by.text() == "command line");
  CHECK(idle[0].why == "part.kind is soft");
}

TEST_CASE("what a setting takes is said in words") {
  Options options;
  const SettingsTable table = options.table();
  CHECK(expected_text(*table.find("steps")) == "an integer from 1 to 100");
  CHECK(expected_text(*table.find("on")) == "true or false");
  CHECK(expected_text(*table.find("kind")) == "one of soft, hard");
  CHECK(expected_text(*table.find("range")) == "an integer, or a list of up to 2 of them");
  CHECK(expected_text(*table.find("hardness")) == "a number");
  SettingsTable open;
  std::int64_t integer = 0;
  double real = 0;
  open.add("low", integer, "low").low = 3;
  open.add("high", real, "high").high = 4;
  CHECK(expected_text(*open.find("low")) == "an integer of 3 or more");
  CHECK(expected_text(*open.find("high")) == "a number of 4 or less");
}

namespace {

struct Paths {
  std::string file;
  std::vector<std::string> more;
  SettingsTable table() {
    SettingsTable t;
    t.add("file", file, "file").path();
    t.add("more", more, "more").path();
    return t;
  }
};

}  // namespace

TEST_CASE("paths are whole after reading, and must name regular files") {
  const TemporaryFolder folder;
  write_file_synced(folder / "a", "");
  write_file_synced(folder / "x.yaml", "file: a\nmore: [a, b]\n");
  const Node root = parse_yaml(read_file(folder / "x.yaml"), (folder / "x.yaml").string());
  Paths paths;
  const SettingsTable table = paths.table();
  const auto rows = read_settings(&root, table, "part");
  CHECK(paths.file == (folder / "a").string());
  CHECK(rows[0].files == std::vector<std::string>{(folder / "a").string()});
  CHECK(rows[1].files.size() == 2);
  CHECK_THROWS_WITH_AS(check_files(&root, table, "part"),
                       doctest::Contains("x.yaml:2:11: part.more names a file that is not there"),
                       Error);
  fs::create_directory(folder / "b");
  CHECK_THROWS_WITH_AS(check_files(&root, table, "part"),
                       doctest::Contains("is not a regular file"), Error);
  fs::remove(folder / "b");
  write_file_synced(folder / "b", "");
  CHECK_NOTHROW(check_files(&root, table, "part"));
}

TEST_CASE("a map with whole paths means the same on the command line") {
  Paths paths;
  Node root = parse_yaml("file: a\nmore: [b, /c]\nother: d\n", "configs/x.yaml");
  root = with_whole_paths(root, paths.table());
  const fs::path configs = fs::absolute("configs");
  CHECK(root.find("file")->scalar == (configs / "a").string());
  CHECK(root.find("file")->quoted);
  CHECK(root.find("more")->items[0].scalar == (configs / "b").string());
  CHECK(root.find("more")->items[1].scalar == "/c");
  CHECK(root.find("other")->scalar == "d");
}

TEST_CASE("a plugin's default paths start in the folder of its library") {
  Paths paths;
  paths.file = "words.txt";
  paths.more = {"", "/abs", "../up"};
  resolve_default_paths(paths.table(), "/opt/tasks/count.so");
  CHECK(paths.file == "/opt/tasks/words.txt");
  CHECK(paths.more == std::vector<std::string>{"", "/abs", "/opt/up"});
  Paths missing;
  missing.file = "/no/such/file";
  CHECK_THROWS_WITH_AS(check_files(nullptr, missing.table(), "task"),
                       "task.file names a file that is not there: /no/such/file", Error);
}
