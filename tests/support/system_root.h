// Control groups as systems have them, in a folder that stands for the root.
#pragma once

#include <string>

#include "core/base/file.h"
#include "support/temporary.h"

namespace tinyzero {

// A folder in place of "/", with mounts and groups of this process, and files of groups.
class SystemRoot {
 public:
  SystemRoot(const std::string& mounts, const std::string& groups) {
    write("proc/self/mountinfo", mounts);
    write("proc/self/cgroup", groups);
    write("proc/meminfo", "MemTotal: 900 kB\nMemAvailable: 800 kB\n");
  }
  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((folder_.path() / path).parent_path());
    write_file_synced(folder_.path() / path, text);
  }
  const fs::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

inline const char* const kVersion2 =
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
inline const char* const kVersion1 =
    "30 23 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
    "32 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

}  // namespace tinyzero
