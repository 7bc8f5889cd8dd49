// Building outside of the tree, against an installed package of this build.
#pragma once

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <vector>

#include "support/golden.h"
#include "support/process.h"

namespace tinyzero {

inline void must_run(const std::vector<std::string>& command, const std::string& folder = {}) {
  const ProcessResult result = run_process(command, {}, folder);
  CAPTURE(command[0]);
  CAPTURE(result.out);
  CAPTURE(result.err);
  REQUIRE(result.code == 0);
}

// Accuracy by evaluation.
inline std::vector<double> accuracies(const fs::path& run) {
  std::vector<double> out;
  for (const Json& record : json_lines(run / "metrics.jsonl")) {
    if (record.contains("eval/accuracy")) out.push_back(record["eval/accuracy"]);
  }
  return out;
}

// A package of this build, as `cmake --install` makes it.
inline void install(const fs::path& prefix) {
  must_run({"cmake", "--install", fs::path(tinyzero_path()).parent_path().string(), "--prefix",
            prefix.string()});
}

inline void append(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::app) << text;
}

}  // namespace tinyzero
