// The same run for any number of threads, if gradients are summed in the same shards.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "support/run_results.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/shards");

TEST_CASE("with four shards, one, two and four threads give the same run") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "base", {"train.steps=0"}));
  const std::string base = folder / "base/checkpoints/step-000000";
  const auto experiments = kinds_of_runs(base);
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    CAPTURE(experiments[i].front());
    const auto run = [&](std::int64_t threads, std::int64_t shards) {
      const fs::path out = folder / fmt::format("{}-{}-{}", i, threads, shards);
      std::vector<std::string> settings = experiments[i];
      settings.push_back(fmt::format("threads={}", threads));
      settings.push_back(fmt::format("train.shards={}", shards));
      run_to_the_end(train(out, settings));
      return out;
    };
    const fs::path alone = run(1, 4);
    check_equal_runs(alone, run(2, 4));
    check_equal_runs(alone, run(4, 4));
    check_equal_runs(run(2, 0), run(2, 2));
    CHECK(results_of(alone) != results_of(run(1, 1)));  // or the test would show nothing
  }
}
