// Comparisons of seconds, and what of them must be the same.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "support/golden.h"
#include "support/process.h"

namespace tinyzero {

inline const std::string kComparison = "tests/integration/comparison.yaml";

inline std::vector<std::string> compare(const fs::path& folder,
                                        const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {"compare", kComparison, "--run", folder.string()};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

inline Json comparison_of(const fs::path& folder) {
  return parse_json(read_file(folder / "comparison.json"), "comparison.json");
}

// A comparison without what a clock says.
inline Json without_times(const Json& value) {
  if (!value.is_structured()) return value;
  Json out = value.is_array() ? Json::array() : Json::object();
  for (const auto& [name, part] : value.items()) {
    if (value.is_array()) out.push_back(without_times(part));
    else if (name != "seconds") out[name] = without_times(part);
  }
  return out;
}

inline void check_equal_comparisons(const fs::path& a, const fs::path& b) {
  CHECK(without_times(comparison_of(a)) == without_times(comparison_of(b)));
  for (const auto& entry : fs::recursive_directory_iterator(a)) {
    const std::string name = entry.path().filename().string();
    const fs::path other = b / entry.path().lexically_relative(a);
    CAPTURE(other);
    if (name == "model.safetensors" || name == "optimizer.safetensors" || name == "test.json" ||
        name.ends_with(".jsonl.zst"))
      CHECK(read_file(other) == read_file(entry.path()));
  }
}

inline bool wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 12000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  return false;
}

}  // namespace tinyzero
