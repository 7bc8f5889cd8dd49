// The checks themselves. Each throws CheckFailed at the first fault; what it returns is the line of
// the report.
#pragma once

#include <stdexcept>
#include <string>

#include "core/check/check.h"
#include "core/plugin/task_limits.h"
#include "core/plugin/worker/worker_task.h"
#include "core/task/task.h"

namespace tinyzero {

class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Workers of most checks may go on reading files and making threads after `create`, so that the
// check `worker` alone says who does.
inline const WorkerPlace kReadingPlace{.folder = {}, .variables = {}, .computes_only = false};

// A worker that ends, or is ended, is a fault at once.
WorkerLimits check_limits(const CheckOptions& options);

struct CheckedTask {
  Task task;
  WorkerTask& worker;  // the task's code
};

// The task in a worker of its own, with the settings of the options.
CheckedTask open_checked(const CheckOptions& options, const WorkerPlace& place);
Task open_checked(const CheckOptions& options);

// Throws CheckFailed with `what` unless `holds`.
void require(bool holds, const std::string& what);

bool is_snake_case(const std::string& name);

// library.cpp
CheckResult check_file(const CheckOptions& options);
CheckResult check_settings(const CheckOptions& options);

// problems.cpp
CheckResult check_draws(const CheckOptions& options);
CheckResult check_keys(const CheckOptions& options);
CheckResult check_splits(const CheckOptions& options);
CheckResult check_solutions(const CheckOptions& options);
CheckResult check_demonstrations(const CheckOptions& options);

// verdicts.cpp
CheckResult check_cheats(const CheckOptions& options);
CheckResult check_guesses(const CheckOptions& options);
CheckResult check_verdicts(const CheckOptions& options);
CheckResult check_worker(const CheckOptions& options);
CheckResult check_fuzz(const CheckOptions& options);
CheckResult check_speed(const CheckOptions& options);
CheckResult check_threads(const CheckOptions& options);
CheckResult check_leaks(const CheckOptions& options);

}  // namespace tinyzero
