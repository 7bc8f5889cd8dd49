// The number of processors that this process may use. It is less than the machine has under
// taskset, in a container with a set of cores, or in a control group with a quota of CPU time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

struct CpuAllowance {
  std::int64_t machine = 1;   // cores that are online
  std::int64_t affinity = 1;  // cores that this process may run on
  double quota = 0;           // CPU time per second of its control groups, in cores; 0: no limit

  // Useful number of threads: affinity or the quota rounded down, and at least one.
  std::int64_t usable() const;
  // Why that is less than the machine's cores: "affinity 1", "CPU quota 0.50". Empty if it is not.
  std::string reason() const;
};

// `root` is the folder that contains /proc and /sys.
CpuAllowance cpu_allowance(const fs::path& root = "/");

// From now on this process takes its part of the cores that so many processes may use, it included.
void share_cores_among(std::int64_t processes);

// The number of threads that was asked for; 0 stands for the useful number in this process.
std::int64_t threads_or_cores(std::int64_t wanted);

// Numbers of the cores that this process may run on. Throws Failure.
std::vector<int> usable_cores();

}  // namespace tinyzero
