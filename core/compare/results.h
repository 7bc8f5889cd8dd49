// What the runs of a comparison measured: the input of its statistics.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/compare/metrics.h"
#include "core/config/comparison.h"

namespace tinyzero {

// A run that ended well.
struct RunResult {
  RunMetrics metrics;
  double accuracy = 0;  // on the test problems
  // By test problem: the share of right completions, and the number of its cluster. Empty where the
  // run's folder is not there.
  std::vector<double> right;
  std::vector<std::int64_t> cluster;
};

struct ArmResult {
  std::string name;
  ArmRole role = ArmRole::arm;
  std::map<std::int64_t, RunResult> runs;  // by seed
};

struct ComparedResults {
  std::vector<ArmResult> arms;
  std::string unit;  // of the budget
  double budget = 0;
  bool all_pairs = false;
  std::int64_t resamples = 0;
};

// Reads them from a comparison.json of this program or an older one, and from the test.json of
// those runs whose folders are in `folder`. `where` names the comparison in errors. Throws Error
// if it is no comparison.
ComparedResults read_results(const Json& comparison, const fs::path& folder,
                             const std::string& where);

}  // namespace tinyzero
