// The runs that a comparison consists of, each an ordinary experiment in an ordinary run folder.
//
//   starts/HASH/seed-N/   the model before RL, made once for all arms that share the start
//   arms/NAME/seed-N/     a run of an arm or a control, which begins with the weights of its start
//   …/seed-N.yaml         the experiment of the run folder with the same name
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
  // Index into Comparison::arms; none: a start that no control shows.
  std::optional<std::size_t> arm = {};
  std::int64_t seed = 0;
  fs::path folder = {};   // relative to the comparison's
  std::string yaml = {};  // the experiment
  // A start, whose experiment may differ in settings that its weights do not depend on.
  bool is_start = false;
  // The run whose weights this one begins with; it comes earlier in the plan.
  std::optional<std::size_t> start = {};
};

struct ProblemSet {
  std::string fingerprint;
  std::size_t problems = 0;
  std::size_t keys = 0;  // different ones
};

struct ComparisonPlan {
  std::vector<PlannedRun> runs;  // seed by seed
  ProblemSet validation;         // the same for every arm
  ProblemSet test;               // the same for every arm
  std::string task;              // for headings
  std::string model;             // for headings
  std::int64_t threads = 0;      // of a run
  // By arm: the dotted settings that differ from the first arm's, with their values; null where the
  // arm lacks the setting.
  std::vector<Json> settings;
  // The files that settings of any arm name, start models included, with the hash of each
  // (manifest.h).
  Json files = Json::array();
  std::vector<std::string> notes;  // settings of arms that have no effect, each once
};

// Writes into the comparison's folder which files it was begun with. If the folder has that
// already, throws Error naming the files that have changed since, unless changes are accepted.
void settle_files(const fs::path& folder, const Json& files, bool accept_changes);

// Opens every arm's plugins and model and checks that all arms learn from the same problems in the
// same order and are evaluated on the same ones. `jobs` runs go on at once and share the threads.
// Throws Error.
ComparisonPlan make_plan(const Comparison& comparison, const fs::path& folder, std::int64_t jobs,
                         const PluginCatalog& catalog);

}  // namespace tinyzero
