// Runs of seconds, and what makes two of them the same.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/golden.h"
#include "support/process.h"

namespace tinyzero {

inline const std::string kConfig = "tests/integration/small.yaml";

inline std::vector<std::string> train(const std::string& run,
                                      const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> command = {"train", kConfig, "--run", run};
  command.insert(command.end(), overrides.begin(), overrides.end());
  return command;
}

inline void run_to_the_end(const std::vector<std::string>& arguments) {
  const ProcessResult result = tinyzero::tinyzero(arguments);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
}

// metrics.jsonl without what a clock says.
inline std::vector<Json> metrics_of(const fs::path& run) {
  std::vector<Json> out;
  for (Json record : json_lines(run / "metrics.jsonl")) {
    Json kept = Json::object();
    for (const auto& [name, value] : record.items()) {
      if (name != "seconds" && !name.starts_with("time/") && !name.starts_with("speed/tokens") &&
          !name.starts_with("speed/rollout") && !name.starts_with("speed/slot") &&
          !name.starts_with("ranks/"))
        kept[name] = value;
    }
    out.push_back(kept);
  }
  return out;
}

inline void check_same_run(const fs::path& a, const fs::path& b) {
  CHECK(metrics_of(a) == metrics_of(b));
  CHECK(read_file(a / "checkpoints/step-000008/model.safetensors") ==
        read_file(b / "checkpoints/step-000008/model.safetensors"));
  CHECK(read_file(a / "checkpoints/step-000008/trainer/optimizer.safetensors") ==
        read_file(b / "checkpoints/step-000008/trainer/optimizer.safetensors"));
  for (int step = 1; step <= 8; ++step) {
    const std::string name = "episodes/step-00000" + std::to_string(step) + ".jsonl.zst";
    CHECK(read_file(a / name) == read_file(b / name));
  }
}

inline bool wait_for(const fs::path& path) {
  for (int i = 0; i < 30000; ++i) {
    if (fs::exists(path)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

// Waits until a file says something.
inline bool wait_for_words(const fs::path& file, const std::string& words) {
  for (int i = 0; i < 30000; ++i) {
    if (fs::exists(file) && read_file(file).find(words) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace tinyzero
