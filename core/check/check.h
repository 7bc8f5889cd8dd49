// What makes a task trustworthy, as checks that anyone can run on a library: `tinyzero task check`.
//
// A task's code never runs in the process that judges it, but in workers (core/plugin/worker), as
// in a run. Every check has a process of its own with a time limit, so that a task that crashes or
// hangs fails that check and no other. All randomness comes from one seed, which the report names:
// the same seed finds the same fault again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/config/document.h"

namespace tinyzero {

enum class Grade { pass, warn, fail, skip };

const char* grade_name(Grade grade);

struct CheckResult {
  Grade grade = Grade::pass;
  std::string detail;  // what was found, in a line
};

struct CheckOptions {
  std::filesystem::path library;
  Node settings;  // of the task
  std::uint64_t seed = 1;
  double seconds = 120;    // for one check
  double row_seconds = 2;  // for judging one answer
};

// Runs a check in a process of its own, for so many seconds at most. What it throws is a fault, and
// so is the end of that process; `whose` says for the report what ran there: "the algorithm's
// code".
CheckResult run_check_forked(const std::string& whose, double seconds,
                             const std::function<CheckResult()>& check);

// In the order in which they run.
std::vector<std::string> check_names();

// Runs one of them.
CheckResult run_check(const std::string& name, const CheckOptions& options);

}  // namespace tinyzero
