// The comparison of tests/integration/comparison.yaml, and runs as if they had been done.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/compare/plan.h"

namespace tinyzero {

inline Comparison small_comparison(const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all = {"threads=2", "precision=f32"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return Comparison::load(fs::path(TINYZERO_SOURCE) / "tests/integration/comparison.yaml", all);
}

inline ComparisonPlan small_plan(const Comparison& comparison, const fs::path& folder,
                                 std::int64_t jobs = 1) {
  return make_plan(comparison, folder, jobs, PluginCatalog({TINYZERO_PLUGINS}));
}

// Writes what a tested run of four steps leaves: an accuracy at steps 0, 2 and 4 that rises to
// `accuracy`, and test problems of which the first `right` are answered.
inline void write_tested_run(const fs::path& run, const ProblemSet& test, double accuracy,
                             std::size_t right, const std::string& start = "ab") {
  fs::create_directories(run);
  std::string lines;
  for (int step = 0; step <= 4; ++step) {
    if (step > 0)
      lines += json_line({{"step", step},
                          {"train/reward", 0.5},
                          {"tokens/spent", 100.0 * step},
                          {"time/spent", 1.0 * step}}) +
               "\n";
    if (step % 2 == 0)
      lines += json_line({{"step", step}, {"eval/accuracy", accuracy * step / 4}}) + "\n";
  }
  write_file_synced(run / "metrics.jsonl", lines);
  std::vector<int> answers(test.problems, 0);
  std::fill_n(answers.begin(), right, 1);
  write_file_synced(run / "test.json", json_line({{"selected_step", 4},
                                                  {"validation_accuracy", accuracy},
                                                  {"test_greedy", 0.5},
                                                  {"set", test.fingerprint},
                                                  {"samples", 1},
                                                  {"right", answers},
                                                  {"start_weights", start}}));
}

}  // namespace tinyzero
