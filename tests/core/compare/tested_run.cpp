// The test of a run that has ended.

#include "core/compare/tested_run.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/compare/metrics.h"
#include "core/run/checkpoint_folder.h"
#include "support/recorded_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/compare/tested_run");

TEST_CASE("the best checkpoint is tested, and only it and the newest one stay") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer, {"checkpoint.keep=8"});
  CHECK_FALSE(read_tested_run(folder / "run").has_value());
  test_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS}));
  const auto tested = read_tested_run(folder / "run");
  REQUIRE(tested.has_value());
  double best = 0;
  for (const CurvePoint& point : read_run_metrics(folder / "run").curve)
    best = std::max(best, point.accuracy);
  CHECK(tested->validation_accuracy == best);
  CHECK(tested->right.size() == 8);
  CHECK(tested->samples == 1);
  CHECK(tested->accuracy() >= 0);
  CHECK(tested->start_weights.size() == 32);
  for (const fs::path& path : list_checkpoints(folder / "run/checkpoints")) {
    const std::string name = path.filename().string();
    CHECK((name == "step-000003" ||
           name == checkpoint_name(Phase::reinforce, tested->selected_step)));
  }
}

TEST_CASE("accuracy is over all completions of all problems") {
  TestedRun run;
  run.samples = 4;
  run.right = {4, 0, 2};
  CHECK(run.accuracy() == 0.5);
}

TEST_CASE("a run that has not ended cannot be tested, and a damaged test is told") {
  const TemporaryFolder folder;
  write_file_synced(folder / "test.json", "{\"selected_step\":3}");
  CHECK_THROWS_WITH_AS(read_tested_run(folder.path()), doctest::Contains("is damaged"), Error);
  write_file_synced(folder / "test.json", "not JSON");
  CHECK_THROWS_AS(read_tested_run(folder.path()), Error);
}

TEST_CASE("a control is tested at the temperature that suits it, or asked again when it gives up") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  for (const char* control : {"eval.best_temperature=true", "eval.ask_again=true"}) {
    CAPTURE(control);
    const fs::path run = folder / (control[5] == 'b' ? "cooler" : "restart");
    train_quick(run, observer, {"checkpoint.keep=8", control});
    test_run(run, PluginCatalog({TINYZERO_PLUGINS}));
    const auto tested = read_tested_run(run);
    REQUIRE(tested.has_value());
    const bool is_of_six = std::ranges::any_of(std::array{1.0, 0.8, 0.6, 0.4, 0.2, 0.0},
                                               [&](double t) { return tested->temperature == t; });
    CHECK(is_of_six);
    CHECK((control[5] == 'b' || tested->temperature == 1));
    CHECK(tested->length > 0);
    CHECK(tested->traits.contains("attempts"));
  }
}
