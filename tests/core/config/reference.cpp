// The Markdown side of core/config/schema.h.

#include <doctest/doctest.h>

#include <algorithm>

#include "core/config/schema.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/reference");

namespace {

struct Fields {
  std::int64_t level = 1;
  std::string kind = "soft";
  double hardness = 0.5;
  bool on = false;
  std::vector<std::string> words = {"a"};

  SettingsTable table() {
    SettingsTable t;
    t.add("level", level, "how hard | easy").between(1, 9);
    t.add("kind", kind, "kind of problem").one_of({"soft", "hard"});
    t.add("hardness", hardness, "for hard ones").only_when("kind", "hard");
    t.add("on", on, "switch").unless("level", "1");
    t.add("words", words, "words").up_to(3);
    return t;
  }
};

// One section, one task, and one algorithm with a variant.
struct Fixture {
  Fields section, task, algorithm;
  ExperimentTables tables;

  Fixture() {
    tables.sections.push_back({"", {}});
    tables.sections.push_back({"part", section.table()});
    tables.tasks.push_back({.id = "count",
                            .title = "Counting",
                            .doc = "Counts.",
                            .table = task.table(),
                            .variants = {}});
    tables.algorithms.push_back({.id = "grpo",
                                 .title = "GRPO",
                                 .doc = "Groups.",
                                 .table = algorithm.table(),
                                 .variants = {{"dapo", "as DAPO"}}});
  }
};

}  // namespace

TEST_CASE("every setting is a row with key, default, values and meaning") {
  Fixture f;
  const std::string text = experiment_reference(f.tables);
  for (const char* row :
       {"### At the top\n", "### `part:`\n",
        "| `level` | `1` | an integer from 1 to 9 | how hard \\| easy |\n",
        "| `hardness` | `0.5` | a number; only with `kind: hard` | for hard ones |\n",
        "| `on` | `false` | true or false; not with `level: 1` | switch |\n",
        "| `words` | `[a]` | a text, or a list of up to 3 of them | words |\n",
        "### `task: {use: count}`\n\nCounting. Counts.\n", "### `algorithm: {use: grpo}`\n",
        "| `dapo` | as DAPO |\n", "## Names of other trainers\n", "`actor_lr`",
        "| `train.learning_rate` |"}) {
    CAPTURE(row);
    CHECK(text.find(row) != std::string::npos);
  }
  CHECK(text.find("### `part:`") < text.find("### `task:"));
  CHECK(text.find("### `task:") < text.find("### `algorithm:"));
}

TEST_CASE("tables have as many cells in every row") {
  Fixture f;
  std::string text = experiment_reference(f.tables);
  for (std::size_t at; (at = text.find("\\|")) != std::string::npos;) text.replace(at, 2, "");
  int columns = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    at = end + 1;
    const int bars = int(std::count(line.begin(), line.end(), '|'));
    if (line.starts_with("| key") || line.starts_with("| variant") || line.starts_with("| there"))
      columns = bars;
    if (!line.starts_with("|")) continue;
    CAPTURE(line);
    CHECK(bars == columns);
  }
}
