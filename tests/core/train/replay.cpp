// A step of a finished run, repeated by its own algorithm and by another.

#include "core/train/replay.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/config/yaml.h"
#include "support/recorded_run.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/replay");

namespace {

ConfiguredAlgorithm open_named(const std::string& name) {
  const Node settings = parse_yaml("{use: " + name + "}", "settings");
  return open_algorithm(PluginCatalog({TINYZERO_PLUGINS}), name, &settings);
}

}  // namespace

TEST_CASE("a step repeats by its own algorithm, bit for bit, and differs by another") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer, {"checkpoint.keep=8"});
  const RunFolder files = RunFolder::open(folder / "run", RunFolder::Access::read);
  OpenedRun run = OpenedRun::open_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS}));
  Replay replay(run, files, 2);
  CHECK(replay.sampled().items.size() == 8);

  const ReplayedUpdate own = replay.update(*run.algorithm.algorithm, "grpo");
  REQUIRE(own.as_saved.has_value());
  CHECK(*own.as_saved);
  CHECK(own.begun.empty());
  CHECK(own.episodes == 32);
  CHECK(own.before.size(0) == sampled_tokens(replay.sampled()));

  const ConfiguredAlgorithm ppo = open_named("ppo");
  const ReplayedUpdate other = replay.update(*ppo.algorithm, "ppo");
  CHECK(other.begun == std::vector<std::string>{"critic"});
  CHECK_FALSE(*other.as_saved);

  const ReplayComparison same = compare(own, own);
  CHECK(same.change_ratio == doctest::Approx(1));
  CHECK(same.opposite_signs == 0);
  CHECK(same.change_cosine == doctest::Approx(1));
}

TEST_CASE("a step that was sampled ahead repeats from what its checkpoint kept of it") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer,
              {"checkpoint.keep=8", "rollout.ahead=1", "train.importance_cap=2"});
  const RunFolder files = RunFolder::open(folder / "run", RunFolder::Access::read);
  OpenedRun run = OpenedRun::open_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS}));
  for (const std::int64_t step : {1, 2, 3}) {
    CAPTURE(step);
    Replay replay(run, files, step);
    CHECK(*replay.update(*run.algorithm.algorithm, "grpo").as_saved);
  }
}

TEST_CASE("a step without a checkpoint before it is refused, naming those that have one") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer, {"checkpoint={every: 2, keep: 8}"});
  const RunFolder files = RunFolder::open(folder / "run", RunFolder::Access::read);
  OpenedRun run = OpenedRun::open_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS}));
  try {
    Replay(run, files, 2);
    FAIL("nothing was thrown");
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find("the run has no checkpoint step-000001") != std::string::npos);
    CHECK(e.hint().find("before steps 1, 3;") != std::string::npos);
  }
}

TEST_CASE("episodes that were changed since are found") {
  const TemporaryFolder folder;
  RecordingObserver observer;
  train_quick(folder / "run", observer, {"checkpoint.keep=8"});
  fs::remove(folder / "run/episodes/step-000002.jsonl.zst");
  write_file_synced(folder / "run/episodes/step-000002.jsonl",
                    "{\"reward\":0.25,\"completion\":\"another\"}\n");
  const RunFolder files = RunFolder::open(folder / "run", RunFolder::Access::read);
  OpenedRun run = OpenedRun::open_run(folder / "run", PluginCatalog({TINYZERO_PLUGINS}));
  CHECK_THROWS_WITH_AS(Replay(run, files, 2),
                       doctest::Contains("completion 0 of step 2 does not repeat"), Error);
}

TEST_CASE("updates are compared by correlation, signs and the angle between their changes") {
  ReplayedUpdate a;
  ReplayedUpdate b;
  a.advantage = at::tensor({1.0, -1.0, 1.0, -1.0});
  b.advantage = at::tensor({1.0, -1.0, -1.0, 1.0});
  a.change = at::tensor({3.0, 4.0});
  b.change = at::tensor({8.0, -6.0});
  const ReplayComparison c = compare(a, b);
  CHECK(c.advantage_correlation == doctest::Approx(0));
  CHECK(c.opposite_signs == 0.5);
  CHECK(c.change_cosine == doctest::Approx(0));
  CHECK(c.change_ratio == 2);
}
