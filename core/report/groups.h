// Which runs belong together, and in what the others differ.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/report/run_data.h"

namespace tinyzero {

// Runs of one arm of a comparison, or whose settings differ in nothing but `seed` and in paths that
// name it, as runs/start-seed-1/model.
struct RunGroup {
  std::string label;
  std::vector<std::size_t> runs;
};

// In the order of their first runs. A label is the arm's name, or says in what a group differs from
// the others: by the name of its algorithm, and by settings, "train.steps=40".
std::vector<RunGroup> group_runs(const std::vector<RunData>& runs);

// A key with its value in every group; "" where a group does not have it.
struct SettingRow {
  std::string key;
  std::vector<std::string> values;
};
struct SettingDifferences {
  std::vector<SettingRow> different;
  std::vector<std::pair<std::string, std::string>> equal;
};

// Of all settings but `seed`, in the order of the files; a path that names the seed is the same for
// all.
SettingDifferences compare_settings(const std::vector<RunData>& runs,
                                    const std::vector<RunGroup>& groups);

}  // namespace tinyzero
