// The same run for any number of threads, if gradients are summed in the same shards.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <map>

#include "support/runs.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("integration/shards");

namespace {

// Weights, adapters, moments and episodes, by path.
std::map<std::string, std::string> results_of(const fs::path& run) {
  std::map<std::string, std::string> out;
  for (const char* folder : {"checkpoints/step-000008", "episodes"}) {
    for (const auto& entry : fs::recursive_directory_iterator(run / folder)) {
      const fs::path& path = entry.path();
      if (path.extension() == ".safetensors" || path.extension() == ".zst")
        out[path.lexically_relative(run).string()] = read_file(path);
    }
  }
  return out;
}

void check_equal(const fs::path& a, const fs::path& b) {
  CAPTURE(b);
  const auto of_a = results_of(a), of_b = results_of(b);
  REQUIRE(of_a.size() == of_b.size());
  CHECK(of_a.size() >= 10);
  for (const auto& [path, bytes] : of_a) {
    CAPTURE(path);
    CHECK((bytes == of_b.at(path)));
  }
  CHECK(metrics_of(a) == metrics_of(b));
}

}  // namespace

TEST_CASE("with four shards, one, two and four threads give the same run") {
  const TemporaryFolder folder;
  run_to_the_end(train(folder / "base", {"train.steps=0"}));
  const std::string base = folder / "base/checkpoints/step-000000";
  const std::vector<std::vector<std::string>> experiments = {
      {"train.optimizer=muon"},
      {"algorithm={use: ppo, kl: 0.01}", "train.updates=2"},
      {"algorithm={use: prime, accuracy: [0, 1]}", "train.weights=bf16",
       "train.optimizer_state=int8"},
      {"lora.rank=4", "model.path=" + base, "warm_start.steps=0", "train.random_reward=0.5",
       "preflight.max_truncated=1", "train.recompute=true"}};
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
    check_equal(alone, run(2, 4));
    check_equal(alone, run(4, 4));
    check_equal(run(2, 0), run(2, 2));
    CHECK(results_of(alone) != results_of(run(1, 1)));  // or the test would show nothing
  }
}
