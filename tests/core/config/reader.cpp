#include "core/config/reader.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

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
  const auto resolved = read_settings(&root, options.table(), "part", {"use"});
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
