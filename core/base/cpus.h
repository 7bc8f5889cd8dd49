// How many processors this process may use: fewer than the machine has under taskset, in a
// container with a set of cores, or in a control group with a quota of processor time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

struct CpuAllowance {
  std::int64_t machine = 1;   // cores that are online
  std::int64_t affinity = 1;  // cores that this process may run on
  double quota = 0;           // cores' worth of time that its control groups leave; 0: no limit

  // Threads that are worth having: the quota rounded down, and at least one.
  std::int64_t usable() const;
  // Why that is less than the machine has: "affinity 1", "CPU quota 0.50"; empty if it is not.
  std::string reason() const;
};

// `root`: where /proc and the control groups are looked for.
CpuAllowance cpu_allowance(const fs::path& root = "/");

// The threads that are wanted; 0: as many as are worth having in this process.
std::int64_t threads_or_cores(std::int64_t wanted);

// Cores that this process may run on, by number. Throws Failure.
std::vector<int> usable_cores();

}  // namespace tinyzero
