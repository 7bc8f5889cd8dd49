#include "core/base/memory.h"

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

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

// A hierarchy of control groups that limits memory: version 1 or 2.
struct Hierarchy {
  std::string folder, root;  // of this process's group, and of the hierarchy
  const char *limit, *used, *files;
};

std::vector<Hierarchy> memory_groups() {
  const std::string root = "/sys/fs/cgroup";
  std::vector<Hierarchy> found;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/path" or "9:memory:/path"
    const std::size_t kinds = line.find(':'), path = line.find(':', kinds + 1);
    if (kinds == std::string::npos || path == std::string::npos) continue;
    const std::string kind = line.substr(kinds + 1, path - kinds - 1), group = line.substr(path + 1);
    if (kind.empty()) found.push_back({root + group, root, "memory.max", "memory.current", "inactive_file"});
    if (kind != "memory") continue;
    const std::string first = root + "/memory";
    found.push_back({first + group, first, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"});
  }
  return found;
}

// Calls look(folder) for a group and those around it.
template <class Look>
void for_groups(const Hierarchy& h, const Look& look) {
  for (std::string folder = h.folder; folder.size() >= h.root.size(); folder.resize(folder.find_last_of('/'))) look(folder);
}

// What the limits of groups leave; the largest number if there are none.
std::int64_t left_in_groups(const Hierarchy& h) {
  std::int64_t left = std::numeric_limits<std::int64_t>::max();
  for_groups(h, [&](const std::string& folder) {
    const std::int64_t limit = number_in(folder + "/" + h.limit), used = number_in(folder + "/" + h.used);
    const std::int64_t files = std::max<std::int64_t>(0, number_after(folder + "/memory.stat", h.files));
    if (limit >= 0 && used >= 0) left = std::min(left, std::max<std::int64_t>(0, limit - used + files));
  });
  return left;
}

std::int64_t limit_of_groups(const Hierarchy& h) {
  std::int64_t limit = std::numeric_limits<std::int64_t>::max();
  for_groups(h, [&](const std::string& folder) {
    if (const std::int64_t of_folder = number_in(folder + "/" + h.limit); of_folder >= 0) limit = std::min(limit, of_folder);
  });
  return limit;
}

std::int64_t of_machine(const char* name) { return std::max<std::int64_t>(0, number_after("/proc/meminfo", name)) * 1024; }

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
  std::int64_t available = of_machine("MemAvailable:");
  for (const Hierarchy& h : memory_groups()) available = std::min(available, left_in_groups(h));
  return available;
}

std::int64_t total_memory() {
  std::int64_t total = of_machine("MemTotal:");
  for (const Hierarchy& h : memory_groups()) total = std::min(total, limit_of_groups(h));
  return total;
}

void keep_freed_memory() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  ::mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace tinyzero
