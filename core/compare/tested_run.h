// The test of a run that has ended: its best checkpoint by validation accuracy, on the test
// problems.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/plugin/library.h"

namespace tinyzero {

// test.json of a run folder.
struct TestedRun {
  std::int64_t selected_step = 0;  // steps of RL behind the selected checkpoint
  // The highest sampled accuracy of the run, where the selected checkpoint was first to reach it.
  double validation_accuracy = 0;
  std::string set;                  // fingerprint of the test problems
  std::int64_t samples = 1;         // completions per problem
  std::vector<std::int64_t> right;  // right completions of each problem, in the order of the set
  // The problems' clusters, in the same order: problems with the same key have the same number.
  std::vector<std::int64_t> cluster;
  double greedy = 0;             // share of problems that greedy decoding answers
  double temperature = 1;        // of the sampled completions
  double length = 0;             // their mean length in tokens
  double truncated = 0;          // share of them
  Json traits = Json::object();  // their means, by name
  std::string start_weights;     // XXH3 of the weights that RL began with
  // What the first update added to sums of weights (core/train/first_update.h); empty: unknown.
  std::vector<double> first_update = {};

  double accuracy() const;
};

// Selects and evaluates a checkpoint, writes test.json, and deletes all checkpoints but the
// selected and the newest one.
void test_run(const fs::path& folder, const PluginCatalog& catalog);

bool is_tested(const fs::path& folder);

// What test_run wrote; none if the run is not tested. Throws Error if the file is damaged.
std::optional<TestedRun> read_tested_run(const fs::path& folder);

}  // namespace tinyzero
