// What makes a task trustworthy, as checks that anyone can run on its library: `tinyzero task check`.
//
// A task's code never runs in the process that judges it, but in workers (core/plugin/worker), as
// in a run. All randomness comes from one seed, which the report names: the same seed finds the same
// fault again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/check/check.h"
#include "core/config/document.h"

namespace tinyzero {

struct CheckOptions {
  std::filesystem::path library;
  Node settings;  // the task's
  std::uint64_t seed = 1;
  double seconds = 120;    // for one check
  double row_seconds = 2;  // for judging one answer
};

// In the order in which they run.
std::vector<std::string> task_check_names();

// Throws Failure for an unknown name.
CheckResult run_task_check(const std::string& name, const CheckOptions& options);

}  // namespace tinyzero
