#include "core/base/memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "core/base/cgroup.h"

namespace tinyzero {
namespace {

// Whether a group's files have the names of version 2 of control groups.
bool is_version_2(const fs::path& group) { return fs::exists(group / "memory.max"); }

// The limit of a control group; -1 if it has none.
std::int64_t limit_of_group(const fs::path& group) {
  return cgroup_number(group / (is_version_2(group) ? "memory.max" : "memory.limit_in_bytes"));
}

// What a control group's limit leaves, 0 or more; the largest number if there is no limit.
std::int64_t left_in_group(const fs::path& group) {
  const bool version_2 = is_version_2(group);
  const std::int64_t limit = limit_of_group(group);
  const std::int64_t used =
      cgroup_number(group / (version_2 ? "memory.current" : "memory.usage_in_bytes"));
  if (limit < 0 || used < 0) return std::numeric_limits<std::int64_t>::max();
  // The system can drop these pages.
  const std::int64_t files =
      number_after(group / "memory.stat", version_2 ? "inactive_file" : "total_inactive_file");
  return std::max<std::int64_t>(0, limit - used + std::max<std::int64_t>(0, files));
}

// A value of /proc/meminfo, which is in kibibytes.
std::int64_t machine_bytes(const fs::path& root, const char* name) {
  return std::max<std::int64_t>(0, number_after(root / "proc/meminfo", name)) * 1024;
}

}  // namespace

std::int64_t resident_memory() {
  std::int64_t pages = 0;
  std::int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t{usage.ru_maxrss} * 1024;
}

std::int64_t available_memory(const fs::path& root) {
  std::int64_t available = machine_bytes(root, "MemAvailable:");
  for (const fs::path& group : cgroup_folders("memory", root))
    available = std::min(available, left_in_group(group));
  return available;
}

std::int64_t total_memory(const fs::path& root) {
  std::int64_t total = machine_bytes(root, "MemTotal:");
  for (const fs::path& group : cgroup_folders("memory", root)) {
    if (const std::int64_t limit = limit_of_group(group); limit >= 0)
      total = std::min(total, limit);
  }
  return total;
}

void keep_freed_memory() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace tinyzero
