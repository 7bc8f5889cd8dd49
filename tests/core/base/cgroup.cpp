#include "core/base/cgroup.h"

#include <doctest/doctest.h>

#include <vector>

#include "support/system_root.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/cgroup");

namespace {

// The folders for a controller, relative to the root.
std::vector<std::string> folders(const SystemRoot& root, const std::string& controller) {
  std::vector<std::string> out;
  for (const fs::path& folder : cgroup_folders(controller, root.path()))
    out.push_back(folder.lexically_relative(root.path()).string());
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("the folders lead from this process's own group to the outermost one") {
  const SystemRoot root(kVersion2, "0::/user.slice/job.scope\n");
  const Texts expected = {"sys/fs/cgroup/user.slice/job.scope", "sys/fs/cgroup/user.slice",
                          "sys/fs/cgroup"};
  CHECK(folders(root, "cpu") == expected);
  CHECK(folders(root, "memory") == expected);  // version 2 has one tree for all controllers
  CHECK(folders(SystemRoot(kVersion2, "0::/\n"), "cpu") == Texts{"sys/fs/cgroup"});
}

TEST_CASE("version 1 has a tree for each controller") {
  const SystemRoot root(kVersion1, "4:memory:/a\n3:cpu,cpuacct:/a/b\n0::/\n");
  CHECK(folders(root, "cpu") == Texts{"sys/fs/cgroup/cpu,cpuacct/a/b",
                                      "sys/fs/cgroup/cpu,cpuacct/a", "sys/fs/cgroup/cpu,cpuacct"});
  CHECK(folders(root, "cpuacct") == folders(root, "cpu"));
  CHECK(folders(root, "memory") == Texts{"sys/fs/cgroup/memory/a", "sys/fs/cgroup/memory"});
  CHECK(folders(root, "pids").empty());
  CHECK(folders(root, "cp").empty());  // whole names only
}

TEST_CASE("a group that a mount does not show is the mount's own folder") {
  const char* const mounts =
      "32 30 0:29 /docker/12ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n";
  CHECK(folders(SystemRoot(mounts, "3:cpu:/docker/12ab/x\n"), "cpu") ==
        Texts{"sys/fs/cgroup/cpu/x", "sys/fs/cgroup/cpu"});
  for (const char* group : {"/docker/12ab", "/docker/12abc", "/other", "/docker/12ab/../x"}) {
    CAPTURE(group);
    const SystemRoot root(mounts, std::string("3:cpu:") + group + "\n");
    CHECK(folders(root, "cpu") == Texts{"sys/fs/cgroup/cpu"});
  }
}

TEST_CASE("spaces in mount points are escaped") {
  const SystemRoot root("31 23 0:28 / /sys/fs/my\\040groups\\9 rw - cgroup2 none rw\n", "0::/a\n");
  CHECK(folders(root, "cpu") == Texts{"sys/fs/my groups\\9/a", "sys/fs/my groups\\9"});
}

TEST_CASE("lines that are not of the form are passed over") {
  CHECK(cgroup_folders("cpu", "/no/such/root").empty());
  CHECK(folders(SystemRoot("", "0::/a\n"), "cpu").empty());
  CHECK(folders(SystemRoot(kVersion2, "nonsense\n\n0:\n"), "cpu").empty());
  CHECK(folders(SystemRoot("31 23 0:28 / /sys rw - cgroup2\n1 2\n", "0::/a\n"), "cpu").empty());
  CHECK(folders(SystemRoot("31 23 0:28 / /sys rw - ext4 disk rw\n", "0::/a\n"), "cpu").empty());
}

TEST_CASE("a group's number is the first word of a file") {
  const TemporaryFolder folder;
  const std::pair<const char*, std::int64_t> cases[] = {{"123\n", 123}, {"0", 0}, {"7 8\n", 7},
                                                        {"max\n", -1},  {"", -1}, {"-1\n", -1}};
  for (const auto& [text, number] : cases) {
    CAPTURE(text);
    write_file_synced(folder / "x", text);
    CHECK(cgroup_number(folder / "x") == number);
  }
  CHECK(cgroup_number(folder / "none") == -1);
}
