// Which runs are one group, and what their labels say.

#include "core/report/groups.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "core/base/error.h"
#include "support/report_runs.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/report/groups");

TEST_CASE("runs that differ only in their seed are one group, and labels say what differs") {
  const TemporaryFolder folder;
  const auto runs = read_runs(
      {write_run(folder / "a1", settings(1, "x"), 1), write_run(folder / "b1", settings(1, "y"), 1),
       write_run(folder / "a2", settings(2, "x"), 1),
       write_run(folder / "a3", settings(3, "x", "train: {steps: 7}\n"), 1)});
  const auto groups = group_runs(runs);
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].runs == std::vector<std::size_t>{0, 2});
  CHECK(groups[1].runs == std::vector<std::size_t>{1});
  CHECK(groups[0].label == "x");
  CHECK(groups[1].label == "y");
  CHECK(groups[2].label == "x · train.steps=7");
  const SettingDifferences differences = compare_settings(runs, groups);
  REQUIRE(differences.different.size() == 2);
  CHECK(differences.different[0].key == "algorithm.use");
  CHECK(differences.different[0].values == std::vector<std::string>{"x", "y", "x"});
  CHECK(differences.different[1].values == std::vector<std::string>{"", "", "7"});
  CHECK(std::find(differences.equal.begin(), differences.equal.end(),
                  std::pair<std::string, std::string>("task.largest", "9")) !=
        differences.equal.end());
}

TEST_CASE(
    "a comparison's arms are the groups, in their order, and its starts are no runs of their own") {
  const TemporaryFolder folder;
  const auto path = [](int seed) {
    return fmt::format("model: {{path: /c/starts/ab/seed-{}/model}}\n", seed);
  };
  for (const int seed : {1, 12}) {
    write_run(folder / fmt::format("arms/b/seed-{}", seed), settings(seed, "x", path(seed)), 1);
    write_run(folder / fmt::format("arms/a/seed-{}", seed), settings(seed, "x", path(seed)), 1);
    write_run(folder / fmt::format("starts/ab/seed-{}", seed), settings(seed, "x"), 1);
  }
  CHECK(group_runs(read_runs(find_runs(folder / "arms"))).size() ==
        1);  // a path that names the seed is no difference
  write_file_synced(
      folder / "comparison.json",
      R"({"arms":[{"name":"b","runs":[{"run":"arms/b/seed-1"},{"run":"arms/b/seed-12"},)"
      R"({"run":"arms/b/seed-13"}]},)"
      R"({"name":"a","runs":[{"run":"arms/a/seed-1"},{"run":"arms/a/seed-12"}]},7,{"name":"c"}]})");
  const auto runs = read_runs(find_runs(folder.path()));
  const auto groups = group_runs(runs);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].label == "b");
  CHECK(groups[1].runs == std::vector<std::size_t>{2, 3});
  CHECK(runs[1].name == "b/seed-12");
  const SettingDifferences differences = compare_settings(runs, groups);
  CHECK(differences.different.empty());
  CHECK(differences.equal.back().second == "/c/starts/ab/seed-*/model");
}

TEST_CASE("labels that would be equal are told apart by the name of a run") {
  const TemporaryFolder folder;
  const auto runs =
      read_runs({write_run(folder / "one", settings(1, "x", "train: {steps: 1}\n"), 0),
                 write_run(folder / "two", settings(1, "x", "train: {steps: 1}\n"), 0),
                 write_run(folder / "three", "algorithm: {use: x}\n", 0)});
  const auto groups = group_runs(runs);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].runs == std::vector<std::size_t>{0, 1});
  CHECK(groups[0].label != groups[1].label);
}

TEST_CASE("one group is called by its algorithm; a path that names another number differs") {
  const TemporaryFolder folder;
  const auto with_model = [&](const char* name, int seed, const char* path) {
    return write_run(folder / name, settings(seed, "x", fmt::format("model: {{path: {}}}\n", path)),
                     0);
  };
  CHECK(group_runs(read_runs({with_model("a", 1, "/m/seed-1/model")})).front().label == "x");
  const auto groups = group_runs(
      read_runs({with_model("b", 1, "/m/seed-1/model"), with_model("c", 2, "/m/seed-2/model"),
                 with_model("d", 2, "/m/seed-21/model")}));
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].runs == std::vector<std::size_t>{0, 1});
}
