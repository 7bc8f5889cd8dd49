// What makes a task trustworthy, as checks that anyone can run on its library: `tinyzero task
// check`.
//
// A task's code never runs in the process that judges it, but in workers (core/plugin/worker), as
// in a run. All randomness comes from one seed, which the report names: the same seed finds the
// same fault again.
#pragma once

#include <string>
#include <vector>

#include "core/check/check.h"
#include "core/check/options.h"

namespace tinyzero {

struct TaskCheck {
  const char* name;    // of `--only`
  const char* id;      // of reports; never changes
  const char* remedy;  // what to do about a warning or a failure
  CheckResult (*run)(const CheckOptions&);
};

// In the order in which they run.
const std::vector<TaskCheck>& task_checks();
std::vector<std::string> task_check_names();

// Throws Failure for an unknown name.
const TaskCheck& find_task_check(const std::string& name);
CheckResult run_task_check(const std::string& name, const CheckOptions& options);

}  // namespace tinyzero
