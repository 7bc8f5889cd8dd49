// The Markdown side of core/config/schema.h.

#include <doctest/doctest.h>

#include <algorithm>

#include "core/config/schema.h"

#include "support/experiment_tables.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/reference");

TEST_CASE("every setting is a row with key, default, values and meaning") {
  SmallTables f;
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
  SmallTables f;
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
