#include "core/base/memory.h"

#include <doctest/doctest.h>

#include <vector>

#include "support/system_root.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/base/memory");

TEST_CASE(
    "memory that is available is what the least limit leaves, files that can be dropped included") {
  const SystemRoot second(kVersion2, "0::/a/b\n");
  CHECK(available_memory(second.path()) == 800 * 1024);
  second.write("sys/fs/cgroup/a/memory.max", "500000\n");
  second.write("sys/fs/cgroup/a/memory.current", "300000\n");
  second.write("sys/fs/cgroup/a/memory.stat", "anon 1\ninactive_file 100000\n");
  second.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  second.write("sys/fs/cgroup/a/b/memory.current", "300000\n");
  CHECK(available_memory(second.path()) == 300000);
  const SystemRoot first(kVersion1, "4:memory:/a\n");
  first.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  first.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "1\n");
  first.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "400000\n");
  first.write("sys/fs/cgroup/memory/a/memory.usage_in_bytes", "500000\n");
  CHECK(available_memory(first.path()) == 0);
}

TEST_CASE("the total is the machine's memory, or the least limit around this process") {
  const SystemRoot second(kVersion2, "0::/a/b\n");
  CHECK(total_memory(second.path()) == 900 * 1024);
  second.write("sys/fs/cgroup/a/memory.max", "500000\n");
  CHECK(total_memory(second.path()) == 500000);
  second.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  CHECK(total_memory(second.path()) == 500000);
  second.write("sys/fs/cgroup/a/b/memory.max", "400000\n");
  CHECK(total_memory(second.path()) == 400000);
  const SystemRoot first(kVersion1, "4:memory:/a\n");
  first.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
  CHECK(total_memory(first.path()) == 900 * 1024);
  first.write("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "300000\n");
  CHECK(total_memory(first.path()) == 300000);
}

TEST_CASE("a system that tells nothing has no memory to give") {
  CHECK(total_memory("/no/such/root") == 0);
  CHECK(available_memory("/no/such/root") == 0);
}

TEST_CASE("memory of this process grows with what it touches, and the peak stays") {
  const std::int64_t before = resident_memory();
  CHECK(before > 0);
  constexpr std::int64_t kBytes = 64 << 20;
  std::int64_t during = 0;
  {
    std::vector<char> block(kBytes, 1);
    during = resident_memory();
    CHECK(block[kBytes / 2] == 1);
  }
  CHECK(during > before + kBytes / 2);
  CHECK(peak_memory() >= during - (1 << 20));
  CHECK(peak_memory() >= resident_memory());
}
