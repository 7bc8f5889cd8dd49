// Processors and memory that may be used, from control groups as systems have them, in a folder
// that stands for the root.

#include "core/base/cpus.h"

#include <doctest/doctest.h>

#include "core/base/cgroup.h"
#include "core/base/memory.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/cpus");

namespace {

// A root with these mounts and groups, and numbers in files of the groups.
class Root {
 public:
  Root(const std::string& mounts, const std::string& groups) {
    write("proc/self/mountinfo", mounts);
    write("proc/self/cgroup", groups);
    write("proc/meminfo", "MemTotal: 900 kB\nMemAvailable: 800 kB\n");
  }
  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((folder_.path() / path).parent_path());
    write_file_synced(folder_.path() / path, text);
  }
  double quota() const { return cpu_allowance(folder_.path()).quota; }
  const fs::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

const char* const kSecond =
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
const char* const kFirst =
    "30 23 0:27 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
    "32 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "33 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

}  // namespace

TEST_CASE("version 2: the least quota of the groups around, in cores' worth of time") {
  const Root root(kSecond, "0::/user.slice/job.scope\n");
  CHECK(root.quota() == 0);
  root.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  CHECK(root.quota() == 0);
  root.write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  CHECK(root.quota() == 1.5);
  root.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "400000 100000\n");
  CHECK(root.quota() == 1.5);
  root.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "25000 50000\n");
  CHECK(root.quota() == 0.5);
}

TEST_CASE("version 1: quota and period in files of their own") {
  const Root root(kFirst, "9:name=systemd:/\n4:memory:/a\n3:cpu,cpuacct:/a/b\n0::/\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 0);
  root.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  CHECK(root.quota() == 2.5);
}

TEST_CASE("a container whose own group is mounted as the outermost") {
  const Root shown("32 30 0:29 /docker/12ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
                   "3:cpu:/docker/12ab\n");
  shown.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  shown.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(shown.quota() == 0.5);
  // Docker without a mount that is cut to the container's group.
  const Root hidden(kSecond, "0::/../../system.slice/docker-12ab.scope\n");
  hidden.write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(hidden.quota() == 2);
  const Root blank("31 23 0:28 / /sys/fs/my\\040groups rw - cgroup2 none rw\n", "0::/\n");
  blank.write("sys/fs/my groups/cpu.max", "300000 100000\n");
  CHECK(blank.quota() == 3);
}

TEST_CASE("numbers that are none, and groups that are none, limit nothing") {
  const Root root(kSecond, "0::/a\nnonsense\n");
  for (const char* text :
       {"", "\n", "max\n", "many few\n", "0 100000\n", "100000 0\n", "-1 100000\n"}) {
    CAPTURE(text);
    root.write("sys/fs/cgroup/a/cpu.max", text);
    CHECK(root.quota() == 0);
  }
  CHECK(Root("", "").quota() == 0);
  CHECK(cgroup_folders("cpu", "/no/such/root").empty());
}

TEST_CASE("a quota is rounded down, and leaves one thread at least") {
  const auto usable = [](std::int64_t affinity, double quota) {
    return CpuAllowance{64, affinity, quota}.usable();
  };
  CHECK(usable(64, 0) == 64);
  CHECK(usable(8, 0) == 8);
  CHECK(usable(8, 0.5) == 1);
  CHECK(usable(8, 2.99) == 2);
  CHECK(usable(8, 3) == 3);
  CHECK(usable(8, 100) == 8);
  CHECK(CpuAllowance{2, 2, 0}.reason().empty());
  CHECK(CpuAllowance{64, 8, 0.5}.reason() == "affinity 8, CPU quota 0.50");
  CHECK(threads_or_cores(7) == 7);
  CHECK(threads_or_cores(0) == cpu_allowance().usable());
  CHECK(static_cast<std::int64_t>(usable_cores().size()) == cpu_allowance().affinity);
}

TEST_CASE(
    "memory that is available is what the least limit leaves, files that can be dropped included") {
  const Root second(kSecond, "0::/a/b\n");
  CHECK(available_memory(second.path()) == 800 * 1024);
  second.write("sys/fs/cgroup/a/memory.max", "500000\n");
  second.write("sys/fs/cgroup/a/memory.current", "300000\n");
  second.write("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 100000\n");
  second.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  second.write("sys/fs/cgroup/a/b/memory.current", "300000\n");
  CHECK(available_memory(second.path()) == 300000);
  const Root first(kFirst, "4:memory:/a\n");
  first.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  first.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
  first.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "400000\n");
  first.write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "500000\n");
  CHECK(available_memory(first.path()) == 0);
}
