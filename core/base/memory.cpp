#include "core/base/memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace tinyzero {
namespace {

// A number that follows `name` in a file of lines "name number"; -1: there is none.
std::int64_t number_after(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  std::int64_t number = 0;
  for (std::string word; file >> word; std::getline(file, word)) {
    if (word == name && file >> number) return number;
  }
  return -1;
}

std::int64_t number_in(const std::string& path) {
  std::int64_t number = 0;
  return std::ifstream(path) >> number ? number : -1;
}

// What the limits of a control group in `folder` and of those around it leave; the largest number if there are none.
std::int64_t left_in_groups(std::string folder, const std::string& root, const char* limit_name, const char* used_name, const char* cache) {
  std::int64_t left = std::numeric_limits<std::int64_t>::max();
  while (folder.size() >= root.size()) {
    const std::int64_t limit = number_in(folder + "/" + limit_name), used = number_in(folder + "/" + used_name);
    const std::int64_t files = std::max<std::int64_t>(0, number_after(folder + "/memory.stat", cache));
    if (limit >= 0 && used >= 0) left = std::min(left, std::max<std::int64_t>(0, limit - used + files));
    folder.resize(folder.find_last_of('/'));
  }
  return left;
}

}  // namespace

std::int64_t resident_memory() {
  std::int64_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t peak_memory() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

std::int64_t available_memory() {
  std::int64_t available = std::max<std::int64_t>(0, number_after("/proc/meminfo", "MemAvailable:")) * 1024;
  const std::string root = "/sys/fs/cgroup";
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/path" or "9:memory:/path"
    const std::size_t kinds = line.find(':'), path = line.find(':', kinds + 1);
    if (kinds == std::string::npos || path == std::string::npos) continue;
    const std::string kind = line.substr(kinds + 1, path - kinds - 1), group = line.substr(path + 1);
    if (kind.empty()) available = std::min(available, left_in_groups(root + group, root, "memory.max", "memory.current", "inactive_file"));
    if (kind == "memory") {
      const std::string first = root + "/memory";
      available = std::min(available,
                           left_in_groups(first + group, first, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"));
    }
  }
  return available;
}

void keep_freed_memory() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace tinyzero
