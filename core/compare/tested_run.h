// The last word on a run: the checkpoint that did best on validation problems, on the test
// problems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/plugin/library.h"

namespace tinyzero {

// test.json of a run folder.
struct TestedRun {
  std::int64_t selected_step = 0;  // steps of RL behind the selected checkpoint
  double validation_accuracy =
      0;                     // its, sampled; the highest of the run, the earliest where several are
  std::string set;           // fingerprint of the test problems
  std::int64_t samples = 1;  // completions a problem
  std::vector<std::int64_t> right;  // of those, by problem in the order of the set
  double greedy = 0;
  std::string start_weights;  // XXH3 of the weights that RL began with

  double accuracy() const;
};

// Selects and evaluates, writes test.json, and deletes the checkpoints but the selected and the
// newest. For a run that has ended.
void test_run(const fs::path& run, const PluginCatalog& catalog);

// What test_run wrote; nothing if the run is not tested. Throws Error if the file is damaged.
std::optional<TestedRun> read_tested_run(const fs::path& run);

}  // namespace tinyzero
