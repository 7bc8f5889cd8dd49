// Control groups of this process, of version 1 and 2 (man 7 cgroups).
#pragma once

#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

// The folders of the groups that this process is in for a controller ("cpu", "memory"): its own
// first, then those around it, up to the outermost that can be seen. Limits of all of them hold.
// Empty where there are none. `root`: where /proc and the groups are looked for.
std::vector<fs::path> cgroup_folders(const std::string& controller, const fs::path& root = "/");

// The first word of a group's file as a number; -1 if there is none, or a word such as "max".
std::int64_t cgroup_number(const fs::path& file);

}  // namespace tinyzero
