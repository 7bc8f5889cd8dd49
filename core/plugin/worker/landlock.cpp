#include "core/plugin/worker/landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <sstream>
#include <string>

#include "core/base/file.h"

namespace tinyzero {
namespace {

constexpr const char* kSystem[] = {"/usr",
                                   "/lib",
                                   "/lib64",
                                   "/opt",
                                   "/nix/store",
                                   "/gnu/store",
                                   "/etc/ld.so.cache",
                                   "/etc/localtime",
                                   "/etc/timezone",
                                   "/etc/locale.alias",
                                   "/dev/null",
                                   "/dev/zero",
                                   "/dev/full",
                                   "/dev/random",
                                   "/dev/urandom",
                                   "/proc/self",
                                   "/proc/cpuinfo",
                                   "/proc/meminfo",
                                   "/proc/stat",
                                   "/proc/sys/vm/overcommit_memory",
                                   "/sys/devices/system/cpu",
                                   "/sys/devices/system/node"};

// A ruleset denies all rights that it knows unless a rule grants them; these rules grant only the
// two rights of reading.
class Rules {
 public:
  explicit Rules(std::uint64_t rights) {
    const landlock_ruleset_attr attributes{.handled_access_fs = rights};
    rules_ = FileHandle::adopt(static_cast<int>(
        ::syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  }

  // Allows reading a file, or everything below a folder. A path that does not exist needs no rule.
  void add(const fs::path& path) const {
    const FileHandle file = FileHandle::adopt(::open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status{};
    if (file.fd() < 0 || ::fstat(file.fd(), &status) != 0) return;
    const std::uint64_t rights =
        LANDLOCK_ACCESS_FS_READ_FILE | (S_ISDIR(status.st_mode) ? LANDLOCK_ACCESS_FS_READ_DIR : 0);
    const landlock_path_beneath_attr attributes{.allowed_access = rights, .parent_fd = file.fd()};
    ::syscall(SYS_landlock_add_rule, rules_.fd(), LANDLOCK_RULE_PATH_BENEATH, &attributes, 0);
  }

  bool enforce() const {
    return rules_.fd() >= 0 && ::syscall(SYS_landlock_restrict_self, rules_.fd(), 0) == 0;
  }

 private:
  FileHandle rules_;
};

}  // namespace

std::uint64_t landlock_rights() {
  constexpr int kCounts[] = {13, 14, 15, 15, 16};  // by version, from 1; later versions add none
  const long version =
      ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  return (std::uint64_t{1} << kCounts[std::min(version, std::ssize(kCounts)) - 1]) - 1;
}

std::vector<std::string> system_files() { return {std::begin(kSystem), std::end(kSystem)}; }

bool allow_reading_only(const std::vector<fs::path>& readable) {
  const std::uint64_t rights = landlock_rights();
  if (rights == 0) return false;
  const Rules rules(rights);
  for (const char* path : kSystem) rules.add(path);
  const char* library_path = std::getenv("LD_LIBRARY_PATH");
  std::istringstream folders(library_path != nullptr ? library_path : "");
  for (std::string name; std::getline(folders, name, ':');) rules.add(name);
  for (const fs::path& path : readable) rules.add(path);
  return rules.enforce();
}

}  // namespace tinyzero
