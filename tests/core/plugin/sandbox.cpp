// What a task may do while it is loaded and set up, and what it sees of the system around it.

#include "core/plugin/worker/sandbox.h"

#include <doctest/doctest.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/config/yaml.h"
#include "core/task/open_task.h"
#include "core/task/task.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/sandbox");

namespace {

const fs::path kFriendly = fs::path(TINYZERO_BROKEN) / "friendly.so";

Task open_friendly(const std::string& settings) {
  const Node map = parse_yaml(settings, "settings");
  return open_task(PluginCatalog({TINYZERO_BROKEN}, {}), kFriendly.string(), &map);
}

std::string refusal(const std::string& settings) {
  try {
    open_friendly(settings);
    return "it was taken";
  } catch (const Error& e) {
    return std::string(e.what()) +
           (e.hint().find("can read") != std::string::npos ? " [can read]" : "");
  }
}

}  // namespace

TEST_CASE("a constructor may read, print, ask the time and make threads, and verify may use them") {
  const TemporaryFolder folder;
  write_file_synced(folder / "words", "ant\nbee\n");
  const Task task = open_friendly("{words: \"" + (folder / "words").string() + "\"}");
  CHECK(task.draw(1, {0, 1})[1].prompt == "bee");
  const auto verdicts = task.verify({{"{}", "right"}, {"{}", "wrong"}});
  CHECK(verdicts[0].reward == 1);
  CHECK(verdicts[1].outcome == Outcome::scored);
  CHECK(verdicts[1].reward == 0);
}

TEST_CASE("files that nobody named cannot be read where the kernel has Landlock") {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
    return;
  const TemporaryFolder folder;
  write_file_synced(folder / "words", "ant\n");
  const std::string path = (folder / "words").string();
  CHECK_NOTHROW(open_friendly("{words: \"" + path + "\"}"));
  CHECK(refusal("{words: \"@" + path + "\"}").find("cannot open " + path + " [can read]") !=
        std::string::npos);
  CHECK(refusal("{words: \"@/etc/passwd\"}").find("cannot open /etc/passwd") != std::string::npos);
  CHECK(refusal("{words: \"@/proc/" + std::to_string(::getpid()) + "/status\"}")
            .find("cannot open /proc") != std::string::npos);
  CHECK_NOTHROW(open_friendly("{words: \"@/proc/self/status\"}"));
}

TEST_CASE("a home folder is closed by whatever way a library in it is reached") {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1)
    return;
  const TemporaryFolder folder;
  const fs::path home = folder / "home/user";
  fs::create_directories(home / "tasks");
  write_file_synced(home / "secret", "key\n");
  write_file_synced(home / "tasks/words", "ant\n");
  fs::copy_file(kFriendly, home / "friendly.so");
  fs::copy_file(kFriendly, home / "tasks/friendly.so");
  fs::create_directory_symlink(home, folder / "link");
  const fs::path open_to_all = folder / "open";
  fs::create_directory(open_to_all);
  fs::permissions(open_to_all, fs::perms::all);
  fs::copy_file(kFriendly, open_to_all / "friendly.so");
  write_file_synced(open_to_all / "secret", "key\n");
  const auto reads = [&](const fs::path& library, const fs::path& file) {
    const Node map = parse_yaml("{words: \"@" + file.string() + "\"}", "settings");
    try {
      open_task(PluginCatalog({}, {}), library.string(), &map);
      return true;
    } catch (const Error&) {
      return false;
    }
  };
  const char* const before = std::getenv("HOME");
  const std::string old = before != nullptr ? before : "";
  for (const fs::path& set : {home, folder / "link"}) {
    ::setenv("HOME", set.c_str(), 1);
    for (const fs::path& way : {home, folder / "link"}) {
      CAPTURE(set.string());
      CAPTURE(way.string());
      CHECK_FALSE(reads(way / "friendly.so", home / "secret"));
      CHECK_FALSE(reads(way / "tasks/friendly.so", home / "secret"));
      CHECK(reads(way / "tasks/friendly.so", home / "tasks/words"));
    }
  }
  CHECK_FALSE(reads(open_to_all / "friendly.so", open_to_all / "secret"));
  if (before != nullptr) ::setenv("HOME", old.c_str(), 1);
  else ::unsetenv("HOME");
}

TEST_CASE("a worker inherits no variable and no file, and leaves no core") {
  ::setenv("TINYZERO_TEST_VARIABLE", "secret", 1);
  ::setenv("LD_LIBRARY_PATH", ":relative:/usr/lib:", 1);
  CHECK(refusal("{show: variables}") ==
        "settings:1:1: task \"friendly\" cannot be set up: variables: LD_LIBRARY_PATH=/usr/lib.");
  ::unsetenv("LD_LIBRARY_PATH");
  CHECK(refusal("{show: variables}") ==
        "settings:1:1: task \"friendly\" cannot be set up: variables:.");
  ::unsetenv("TINYZERO_TEST_VARIABLE");
  CHECK(refusal("{show: files}") ==
        "settings:1:1: task \"friendly\" cannot be set up: files 0 1 2 3 ");  // 3: the folder that
                                                                              // lists them
  CHECK(refusal("{show: limits}") ==
        "settings:1:1: task \"friendly\" cannot be set up: core 0 file size 0");
}

TEST_CASE("a host of workers is closed to other processes of its user") {
  const Task task = open_friendly("{}");
  CHECK(::prctl(PR_GET_DUMPABLE) == (kSanitized ? 1 : 0));
}

TEST_CASE("a process without filters is not taken for one that only computes") {
  if (!kSanitized) CHECK_FALSE(is_computing_only(::getpid()));
}
