#include "core/report/groups.h"

#include <algorithm>
#include <map>

namespace tinyzero {
namespace {

constexpr std::size_t kLabelKeys = 2;  // settings in a label; a table of the page shows all

// "runs/start-seed-1/model" of seed 1 -> "runs/start-seed-*/model".
std::string seedless(std::string value, const std::string& seed) {
  const std::string mark = "seed-" + seed;
  for (std::size_t at = value.find(mark); !seed.empty() && at != std::string::npos;
       at = value.find(mark, at + 1)) {
    const std::size_t end = at + mark.size();
    if (end == value.size() || value[end] < '0' || value[end] > '9')
      value.replace(at, mark.size(), "seed-*");
  }
  return value;
}

std::vector<std::pair<std::string, std::string>> without_seed(const RunData& run) {
  std::vector<std::pair<std::string, std::string>> out;
  const std::string seed = run.setting("seed");
  for (const auto& [key, value] : run.settings) {
    if (key != "seed") out.emplace_back(key, seedless(value, seed));
  }
  std::sort(out.begin(), out.end());
  return out;
}

// What differs, in short: the algorithm's name stands for all its settings, others are named by
// their key.
std::string label_of(const SettingDifferences& differences, std::size_t group) {
  const auto by_name =
      std::find_if(differences.different.begin(), differences.different.end(),
                   [](const SettingRow& row) { return row.key == "algorithm.use"; });
  std::string label = by_name != differences.different.end() ? by_name->values[group] : "";
  std::size_t named = 0;
  for (const SettingRow& row : differences.different) {
    if (row.values[group].empty() || row.key == "algorithm.use") continue;
    if (!label.empty() && by_name != differences.different.end() &&
        row.key.starts_with("algorithm."))
      continue;
    if (++named <= kLabelKeys)
      label += (label.empty() ? "" : " · ") + row.key + "=" + row.values[group];
  }
  return label;
}

}  // namespace

std::vector<RunGroup> group_runs(const std::vector<RunData>& runs) {
  std::vector<RunGroup> groups;
  std::vector<std::vector<std::pair<std::string, std::string>>> settings;
  for (std::size_t r = 0; r < runs.size(); ++r) {
    const std::string& arm = runs[r].place.arm;
    const auto own = arm.empty() ? without_seed(runs[r])
                                 : std::vector<std::pair<std::string, std::string>>{{"", arm}};
    const auto known = std::find(settings.begin(), settings.end(), own);
    if (known != settings.end()) {
      groups[known - settings.begin()].runs.push_back(r);
    } else {
      settings.push_back(own);
      groups.push_back({"", {r}});
    }
  }
  const SettingDifferences differences = compare_settings(runs, groups);
  std::map<std::string, int> times;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const RunData& first = runs[groups[g].runs.front()];
    groups[g].label = !first.place.arm.empty() ? first.place.arm
                      : groups.size() == 1     ? first.setting("algorithm.use")
                                               : label_of(differences, g);
    ++times[groups[g].label];
  }
  for (RunGroup& group : groups) {
    const std::string& name = runs[group.runs.front()].name;
    if (group.label.empty()) group.label = name;
    else if (times[group.label] > 1) group.label += " · " + name;
  }
  return groups;
}

SettingDifferences compare_settings(const std::vector<RunData>& runs,
                                    const std::vector<RunGroup>& groups) {
  std::vector<std::string> keys;
  for (const RunGroup& group : groups) {
    for (const auto& [key, value] : runs[group.runs.front()].settings) {
      if (key != "seed" && std::find(keys.begin(), keys.end(), key) == keys.end())
        keys.push_back(key);
    }
  }
  SettingDifferences out;
  for (const std::string& key : keys) {
    SettingRow row{key, {}};
    for (const RunGroup& group : groups) {
      const RunData& first = runs[group.runs.front()];
      row.values.push_back(seedless(first.setting(key), first.setting("seed")));
    }
    const bool equal = std::all_of(row.values.begin(), row.values.end(),
                                   [&](const std::string& v) { return v == row.values.front(); });
    if (equal) out.equal.emplace_back(key, row.values.front());
    else out.different.push_back(std::move(row));
  }
  return out;
}

}  // namespace tinyzero
