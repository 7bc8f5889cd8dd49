// The control groups of this process, versions 1 and 2 (man 7 cgroups).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

// The folders of the groups that this process is in for a controller ("cpu", "memory"): its own
// group first, then the enclosing ones, up to the outermost that is visible. The limits of all of
// them apply. Empty if there are no groups. `root` is the folder that contains /proc and /sys.
std::vector<fs::path> cgroup_folders(const std::string& controller, const fs::path& root = "/");

// The first word of a group's file as a number; -1 if the file does not begin with a number
// ("max").
std::int64_t cgroup_number(const fs::path& file);

}  // namespace tinyzero
