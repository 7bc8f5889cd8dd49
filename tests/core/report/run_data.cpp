// What a run folder says, whole or damaged.

#include "core/report/run_data.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/base/error.h"
#include "support/report_runs.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/run_data");

TEST_CASE("runs are found in a folder of runs, named apart, and nothing else is taken for one") {
  const TemporaryFolder folder;
  write_run(folder / "b/seed-1", settings(1, "x"), 1);
  write_run(folder / "a/seed-1", settings(1, "y"), 1);
  fs::create_directories(folder / ".hidden/run");
  write_file_synced(folder / ".hidden/run/config.yaml", "seed: 1\n");
  const auto runs = read_runs(find_runs(folder.path()));
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].name == "a/seed-1");
  CHECK(runs[1].name == "b/seed-1");
  fs::create_directories(folder / "empty");
  CHECK_THROWS_WITH_AS(find_runs(folder / "empty"),
                       doctest::Contains("is not a run folder and holds none"), Error);
  CHECK_THROWS_WITH_AS(find_runs(folder / "nowhere"), doctest::Contains("does not exist"), Error);
}

TEST_CASE("records are divided into steps, evaluations and the warm start, and gaps are NaN") {
  const TemporaryFolder folder;
  const RunPlace place = write_run(folder / "run", settings(1, "x"), 0);
  write_file_synced(place.folder / "metrics.jsonl",
                    "{\"step\":0,\"seconds\":1,\"warm_start/step\":1,\"warm_start/loss\":3}\n"
                    "{\"step\":0,\"seconds\":2,\"eval/accuracy\":0.5}\n"
                    "{\"step\":1,\"seconds\":3,\"tokens/sampled\":10,\"tokens/spent\":30}\n"
                    "{\"step\":2,\"seconds\":4,\"tokens/sampled\":10,\"tokens/spent\":60,"
                    "\"train/reward\":1}\n"
                    "{\"step\":2,\"seconds\":5,\"eval/accuracy\":1}\n");
  const RunData run = read_runs({place}).front();
  CHECK(run.warm.size() == 1);
  CHECK(run.train.size() == 2);
  CHECK(run.eval.step == std::vector<double>{0, 2});
  CHECK(run.eval.sampled == std::vector<double>{0, 20});
  CHECK(run.eval.spent == std::vector<double>{0, 60});
  const std::vector<double>* reward = run.train.find("train/reward");
  REQUIRE(reward != nullptr);
  CHECK(std::isnan((*reward)[0]));
  CHECK((*reward)[1] == 1);
  CHECK(run.train.find("train/other") == nullptr);
}

TEST_CASE("settings have dotted keys, lists and empty maps are texts") {
  const TemporaryFolder folder;
  const RunPlace place =
      write_run(folder / "run", "task: {use: x, target: [1, 9]}\nlora: {}\nseed: 3\n", 0);
  const RunData run = read_runs({place}).front();
  CHECK(run.setting("task.use") == "x");
  CHECK(run.setting("task.target") == "[1, 9]");
  CHECK(run.setting("lora") == "{}");
  CHECK(run.setting("seed") == "3");
  CHECK(run.setting("task.other") == "");
}

TEST_CASE("warnings are read from the log, without their times") {
  const TemporaryFolder folder;
  const RunPlace place = write_run(folder / "run", settings(1, "x"), 0);
  write_file_synced(place.folder / "log.txt",
                    "2026-01-31 12:00:00  started\n"
                    "2026-01-31 12:00:01  warning: entropy collapsed\n");
  CHECK(read_runs({place}).front().warnings == std::vector<std::string>{"entropy collapsed"});
}

TEST_CASE("a line is an object or nothing") {
  CHECK(parse_line("{\"a\":1}")["a"] == 1);
  CHECK(parse_line("{\"a\":\"\xFF\"}")["a"] == "\xEF\xBF\xBD");
  for (const char* line : {"", "[1]", "7", "{\"a\":", "null"}) CHECK(parse_line(line).is_null());
}

TEST_CASE("lines are divided at line feeds, and empty ones are left out") {
  std::vector<std::string> lines;
  for_lines("a\n\nbc\nd", [&](std::string_view line) { lines.emplace_back(line); });
  CHECK(lines == std::vector<std::string>{"a", "bc", "d"});
}
