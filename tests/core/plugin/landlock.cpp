#include "core/plugin/worker/landlock.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

#include "core/base/file.h"
#include "core/check/process.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/landlock");

namespace {

bool has_landlock() {
  return ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

bool opens(const fs::path& path, int flags) {
  return FileHandle::adopt(::open(path.c_str(), flags | O_CLOEXEC, 0600)).fd() >= 0;
}

// What `look` finds in a process that may read `readable` only: a text of 1 and 0.
std::string confined(const std::vector<fs::path>& readable,
                     const std::function<std::vector<bool>()>& look) {
  const ProcessOutcome outcome = run_forked(20, [&]() -> std::string {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!allow_reading_only(readable)) return "not confined";
    std::string out;
    for (const bool found : look()) out += found ? '1' : '0';
    return out;
  });
  return outcome.finished ? outcome.text : "failed: " + outcome.text;
}

}  // namespace

TEST_CASE("named files and folders are read, others are not") {
  if (!has_landlock()) return;
  const TemporaryFolder folder;
  fs::create_directories(folder / "open/below");
  for (const char* name : {"open/a", "open/below/b", "alone", "closed"})
    write_file_synced(folder / name, "text");
  const std::string found = confined({folder / "open", folder / "alone", folder / "missing"}, [&] {
    return std::vector<bool>{opens(folder / "open/a", O_RDONLY),
                             opens(folder / "open/below/b", O_RDONLY),
                             opens(folder / "open", O_RDONLY | O_DIRECTORY),
                             opens(folder / "alone", O_RDONLY),
                             opens(folder / "closed", O_RDONLY),
                             opens(folder.path(), O_RDONLY | O_DIRECTORY)};
  });
  CHECK(found == "111100");
}

TEST_CASE("nothing is written, made or removed, also where reading is allowed") {
  if (!has_landlock()) return;
  const TemporaryFolder folder;
  write_file_synced(folder / "a", "text");
  const std::string found = confined({folder.path()}, [&] {
    return std::vector<bool>{opens(folder / "a", O_RDONLY), opens(folder / "a", O_WRONLY),
                             opens(folder / "new", O_WRONLY | O_CREAT),
                             ::unlink((folder / "a").c_str()) == 0,
                             ::mkdir((folder / "made").c_str(), 0700) == 0};
  });
  CHECK(found == "10000");
  CHECK(read_file(folder / "a") == "text");
}

TEST_CASE("the system's libraries and the process itself can be read, other processes cannot") {
  if (!has_landlock()) return;
  const fs::path parent = "/proc/" + std::to_string(::getpid()) + "/status";
  const std::string found = confined({}, [&] {
    return std::vector<bool>{opens("/usr/lib", O_RDONLY | O_DIRECTORY),
                             opens("/proc/self/status", O_RDONLY), opens("/dev/urandom", O_RDONLY),
                             opens(parent, O_RDONLY), opens("/etc/passwd", O_RDONLY)};
  });
  CHECK(found == "11100");
}

TEST_CASE("the folders of LD_LIBRARY_PATH can be read") {
  if (!has_landlock()) return;
  const TemporaryFolder folder;
  write_file_synced(folder / "a", "text");
  const char* const before = std::getenv("LD_LIBRARY_PATH");
  const std::string old = before != nullptr ? before : "";
  ::setenv("LD_LIBRARY_PATH", ("/nowhere:" + folder.path().string()).c_str(), 1);
  const std::string found =
      confined({}, [&] { return std::vector<bool>{opens(folder / "a", O_RDONLY)}; });
  if (before != nullptr) ::setenv("LD_LIBRARY_PATH", old.c_str(), 1);
  else ::unsetenv("LD_LIBRARY_PATH");
  CHECK(found == "1");
}
