#include "core/base/cpus.h"

#include <doctest/doctest.h>

#include "support/system_root.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/cpus");

namespace {

double quota(const SystemRoot& root) { return cpu_allowance(root.path()).quota; }

}  // namespace

TEST_CASE("version 2: the least quota of the groups around, in cores' worth of time") {
  const SystemRoot root(kVersion2, "0::/user.slice/job.scope\n");
  CHECK(quota(root) == 0);
  root.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "max 100000\n");
  CHECK(quota(root) == 0);
  root.write("sys/fs/cgroup/user.slice/cpu.max", "150000 100000\n");
  CHECK(quota(root) == 1.5);
  root.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "400000 100000\n");
  CHECK(quota(root) == 1.5);
  root.write("sys/fs/cgroup/user.slice/job.scope/cpu.max", "25000 50000\n");
  CHECK(quota(root) == 0.5);
}

TEST_CASE("version 1: quota and period in files of their own") {
  const SystemRoot root(kVersion1, "9:name=systemd:/\n4:memory:/a\n3:cpu,cpuacct:/a/b\n0::/\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
  CHECK(quota(root) == 0);
  root.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
  root.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  CHECK(quota(root) == 2.5);
}

TEST_CASE("a container whose own group is mounted as the outermost") {
  const SystemRoot shown("32 30 0:29 /docker/12ab /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n",
                         "3:cpu:/docker/12ab\n");
  shown.write("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "50000\n");
  shown.write("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  CHECK(quota(shown) == 0.5);
  // Docker without a mount that is cut to the container's group.
  const SystemRoot hidden(kVersion2, "0::/../../system.slice/docker-12ab.scope\n");
  hidden.write("sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(quota(hidden) == 2);
  const SystemRoot blank("31 23 0:28 / /sys/fs/my\\040groups rw - cgroup2 none rw\n", "0::/\n");
  blank.write("sys/fs/my groups/cpu.max", "300000 100000\n");
  CHECK(quota(blank) == 3);
}

TEST_CASE("numbers that are none, and groups that are none, limit nothing") {
  const SystemRoot root(kVersion2, "0::/a\nnonsense\n");
  for (const char* text :
       {"", "\n", "max\n", "many few\n", "0 100000\n", "100000 0\n", "-1 100000\n"}) {
    CAPTURE(text);
    root.write("sys/fs/cgroup/a/cpu.max", text);
    CHECK(quota(root) == 0);
  }
  CHECK(quota(SystemRoot("", "")) == 0);
}

TEST_CASE("a quota is rounded down, and leaves one thread at least") {
  const auto usable = [](std::int64_t affinity, double quota) {
    return CpuAllowance{.machine = 64, .affinity = affinity, .quota = quota}.usable();
  };
  CHECK(usable(64, 0) == 64);
  CHECK(usable(8, 0) == 8);
  CHECK(usable(8, 0.5) == 1);
  CHECK(usable(8, 2.99) == 2);
  CHECK(usable(8, 3) == 3);
  CHECK(usable(8, 100) == 8);
  CHECK(CpuAllowance{.machine = 2, .affinity = 2}.reason().empty());
  CHECK(CpuAllowance{.machine = 64, .affinity = 8, .quota = 0.5}.reason() ==
        "affinity 8, CPU quota 0.50");
  CHECK(threads_or_cores(7) == 7);
  CHECK(threads_or_cores(0) == cpu_allowance().usable());
  CHECK(std::ssize(usable_cores()) == cpu_allowance().affinity);
}
