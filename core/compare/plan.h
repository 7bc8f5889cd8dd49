// What a comparison has to do: its runs, each an ordinary experiment in an ordinary run folder.
//
//   starts/HASH/seed-N/   the model as RL begins: made once for all arms with the same start
//   arms/NAME/seed-N/     a run of an arm or of a control; it begins with the weights of its start
//   …/seed-N.yaml         the experiment that the run beside it was made from
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/config/comparison.h"
#include "core/plugin/library.h"

namespace tinyzero {

struct PlannedRun {
  std::optional<std::size_t>
      arm;  // index into Comparison::arms; none: a start that no control shows
  std::int64_t seed = 0;
  fs::path folder;        // under the comparison's folder
  std::string yaml;       // the experiment
  bool is_start = false;  // its experiment may differ in what a start does not depend on
  std::optional<std::size_t>
      start;  // the run whose weights it begins with; it comes earlier in the plan
};

struct ProblemSet {
  std::string fingerprint;
  std::size_t problems = 0, keys = 0;
};

struct ComparisonPlan {
  std::vector<PlannedRun> runs;  // seed by seed
  ProblemSet validation, test;   // the same for every arm
  std::string task, model;       // for headings
  std::int64_t threads = 0;      // of a run
  std::vector<Json> settings;    // by arm: dotted settings that differ from the first arm's, with
                                 // their values; null: not there
  Json files = Json::array();    // that settings of any arm name, start models included, with the
                                 // hash of each (manifest.h)
  std::vector<std::string>
      notes;  // what arms will not do although their settings say it, each once
};

// Writes into the comparison's folder which files it was begun with. Where that is known already,
// throws Error naming those that have changed since, unless that is accepted.
void settle_files(const fs::path& folder, const Json& files, bool accept_changes);

// Opens every arm's plugins and model and checks that all arms learn from the same problems in the
// same order and are evaluated on the same ones. `jobs` runs go on at once and divide the threads.
// Throws Error.
ComparisonPlan make_plan(const Comparison& comparison, const fs::path& folder, std::int64_t jobs,
                         const PluginCatalog& catalog);

}  // namespace tinyzero
