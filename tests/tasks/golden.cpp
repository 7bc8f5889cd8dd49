// Answers that try the verifiers of the built-in tasks. Origin and meaning of the rows:
// tests/golden/verifiers/README.md.

#include <doctest/doctest.h>

#include <map>

#include "support/golden.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("tasks/golden");

namespace {

const Task& opened(const std::string& id, const std::string& settings) {
  static std::map<std::string, Task> tasks;
  return tasks.try_emplace(id + settings, open_task(id, settings)).first->second;
}

}  // namespace

TEST_CASE("golden answers, strict and as TinyZero scores them") {
  std::map<std::string, int> rows;
  for (const auto& file : fs::directory_iterator(golden_folder() / "verifiers")) {
    if (file.path().extension() != ".jsonl") continue;
    for (const Json& row : json_lines(file.path())) {
      CAPTURE(row.dump());
      const std::string id = row["task"], state = row["state"].dump(),
                        completion = row["completion"];
      CHECK(judge(opened(id, "{}"), state, completion).reward == row["strict"].get<double>());
      const std::string framing = row.value("template", "base");
      const bool known = framing == "base" || framing == "qwen";
      const Task& task =
          opened(id, "{scorer: tinyzero, framing: " + (known ? framing : "other") + "}");
      // null: TinyZero's own scorer does not return; ours gives the format reward.
      CHECK(judge(task, state, completion).reward ==
            (row["tinyzero"].is_null() ? 0.1 : row["tinyzero"].get<double>()));
      ++rows[id];
    }
  }
  CHECK(rows["countdown"] > 0);
  CHECK(rows["multiplication"] > 0);
}
