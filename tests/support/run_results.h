// What two runs that are the same have in common.
#pragma once

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "support/runs.h"
#include "support/temporary.h"

namespace tinyzero {

// Weights, adapters and moments of the last checkpoint, and episodes, by path.
inline std::map<std::string, std::string> results_of(const fs::path& run) {
  std::map<std::string, std::string> out;
  const fs::path last = run / "checkpoints" / names_in(run / "checkpoints").back();
  for (const fs::path& folder : {last, run / "episodes"}) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      const fs::path& path = entry.path();
      if (path.extension() == ".safetensors" || path.extension() == ".zst")
        out[path.lexically_relative(run).string()] = read_file(path);
    }
  }
  return out;
}

inline void check_equal_runs(const fs::path& a, const fs::path& b) {
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

// Settings of small runs that differ in algorithm, optimizer, number types and what learns. Rewards
// are random, so that every step teaches. `base` is a trained model.
inline std::vector<std::vector<std::string>> kinds_of_runs(const std::string& base) {
  std::vector<std::vector<std::string>> kinds = {
      {"train.optimizer=muon"},
      {"algorithm={use: ppo, kl: 0.01}", "train.updates=2"},
      {"algorithm={use: prime, accuracy: [0, 1]}", "train.weights=bf16",
       "train.optimizer_state=int8"},
      {"lora.rank=4", "model.path=" + base, "warm_start.steps=0", "preflight.max_truncated=1",
       "train.recompute=true"}};
  for (std::vector<std::string>& kind : kinds) kind.push_back("train.random_reward=0.5");
  return kinds;
}

}  // namespace tinyzero
