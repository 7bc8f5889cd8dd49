#include "core/run/checkpoint_folder.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

#include "core/base/error.h"
#include "core/run/checkpoint_checks.h"

namespace tinyzero {
namespace {

constexpr std::string_view kPartial = ".partial";
constexpr std::string_view kOld = ".old";
constexpr std::string_view kKept = "-kept";

CheckpointStep step_of(const fs::path& path) {
  return *parse_checkpoint_name(path.filename().string());
}

fs::path hidden(const fs::path& folder, const std::string& name, std::string_view ending) {
  return folder / ("." + name + std::string(ending));
}

// Whether this program wrote everything in a folder.
bool is_own(const fs::path& path) {
  try {
    return fs::exists(path / "trainer" / "state.json") && !holds_foreign_files(path);
  } catch (const Error&) {  // the list of files is damaged
    return false;
  }
}

// Renames a folder that has the name of a checkpoint, so that it no longer counts as one.
void set_aside(const fs::path& path) {
  fs::path aside = path.string() + std::string(kKept);
  for (int n = 2; fs::exists(fs::symlink_status(aside)); ++n)
    aside = fmt::format("{}{}-{}", path.string(), kKept, n);
  fs::rename(path, aside);
}

}  // namespace

std::string checkpoint_name(Phase phase, std::int64_t step) {
  return fmt::format("{}-{:06d}", phase == Phase::warm_start ? "warm" : "step", step);
}

std::optional<CheckpointStep> parse_checkpoint_name(const std::string& name) {
  for (const Phase phase : {Phase::warm_start, Phase::reinforce}) {
    const std::string prefix = phase == Phase::warm_start ? "warm-" : "step-";
    if (!name.starts_with(prefix)) continue;
    std::int64_t step = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), step);
    if (step >= 0 && checkpoint_name(phase, step) == name) return CheckpointStep{phase, step};
  }
  return std::nullopt;
}

std::vector<fs::path> list_checkpoints(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    const bool named = parse_checkpoint_name(entry.path().filename().string()).has_value();
    if (named && entry.is_directory(problem)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end(),
            [](const fs::path& a, const fs::path& b) { return step_of(a) < step_of(b); });
  return found;
}

void remove_checkpoint(const fs::path& path) {
  if (!is_own(path)) return;
  const fs::path old = hidden(path.parent_path(), path.filename().string(), kOld);
  fs::rename(path, old);
  fs::remove_all(old);
}

fs::path partial_checkpoint(const fs::path& folder, const std::string& name) {
  return hidden(folder, name, kPartial);
}

void publish_checkpoint(const fs::path& folder, const std::string& name) {
  const fs::path written = partial_checkpoint(folder, name);
  const fs::path target = folder / name;
  if (!fs::exists(fs::symlink_status(target))) return fs::rename(written, target);
  if (!is_own(target)) {
    set_aside(target);
  } else if (::renameat2(AT_FDCWD, written.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) ==
             0) {
    fs::remove_all(written);  // now the older one
    return;
  } else {  // a file system that cannot exchange names
    remove_checkpoint(target);
  }
  fs::rename(written, target);
}

void remove_unfinished(const fs::path& folder) {
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    for (const std::string_view ending : {kPartial, kOld}) {
      if (name.starts_with(".") && name.ends_with(ending) &&
          parse_checkpoint_name(name.substr(1, name.size() - 1 - ending.size())))
        left.push_back(entry.path());
    }
    if (name == ".best" && entry.is_symlink()) left.push_back(entry.path());
  }
  for (const fs::path& path : left) fs::remove_all(path);
}

void link_best(const fs::path& folder, const std::string& name) {
  std::error_code problem;
  const fs::path best = folder / "best";
  const fs::path now = fs::read_symlink(best, problem);
  const bool foreign = fs::exists(fs::symlink_status(best)) && !parse_checkpoint_name(now.string());
  if (foreign || now == name || !fs::exists(folder / name)) return;
  fs::create_directory_symlink(name, folder / ".best", problem);
  if (!problem) fs::rename(folder / ".best", best);
}

}  // namespace tinyzero
