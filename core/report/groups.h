// Which runs belong together, and in which settings the groups differ.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/report/run_data.h"

namespace tinyzero {

// Runs of one arm of a comparison, or runs whose settings differ only in `seed` and in paths that
// name it, such as runs/start-seed-1/model.
struct RunGroup {
  std::string label;
  std::vector<std::size_t> runs;
};

// Groups in the order of their first runs. A label is the arm's name, or says how a group differs
// from the others: by the name of its algorithm and by settings, "train.steps=40".
std::vector<RunGroup> group_runs(const std::vector<RunData>& runs);

// A setting with its value in every group; "" where a group lacks it.
struct SettingRow {
  std::string key;
  std::vector<std::string> values;
};
struct SettingDifferences {
  std::vector<SettingRow> different;
  std::vector<std::pair<std::string, std::string>> equal;
};

// All settings but `seed`, in the order of the files. Paths that differ only in the seed they name
// count as equal.
SettingDifferences compare_settings(const std::vector<RunData>& runs,
                                    const std::vector<RunGroup>& groups);

}  // namespace tinyzero
