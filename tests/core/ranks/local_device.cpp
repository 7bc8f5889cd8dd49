// Ranks of a host take its GPUs in turn.

#include "core/ranks/local_device.h"

#include <doctest/doctest.h>

#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/ranks/local_device");

TEST_CASE("each rank of a host has a GPU of its own, or shares it if there are fewer") {
  CHECK(visible_device("", 4, 0) == "0");
  CHECK(visible_device("", 4, 3) == "3");
  CHECK(visible_device("", 2, 3) == "1");
  CHECK(visible_device("2,GPU-5f,7", 8, 1) == "GPU-5f");
  CHECK(visible_device("2,GPU-5f,7", 8, 3) == "2");
}

TEST_CASE("what leaves no choice stays as it is") {
  CHECK(visible_device("", 0, 1) == "");
  CHECK(visible_device("", 1, 1) == "");
  CHECK(visible_device("3", 8, 1) == "");  // the launcher chose
}

TEST_CASE("GPUs are counted by their files") {
  const TemporaryFolder folder;
  for (const char* name : {"nvidia0", "nvidia1", "nvidia11", "nvidiactl", "nvidia-uvm", "null"})
    write_file_atomically(folder / name, "");
  CHECK(count_gpus(folder.path()) == 3);
  CHECK(count_gpus(folder / "missing") == 0);
}
