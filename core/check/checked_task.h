// A task as the checks open it: in a worker of its own.
#pragma once

#include <memory>

#include "core/check/options.h"
#include "core/plugin/worker/worker_task.h"
#include "core/task/task.h"

namespace tinyzero {

// In most checks a worker may continue to read files and to create threads after `create`: only the
// check `worker` reports tasks that do.
inline const WorkerPlace kReadingPlace{.folder = {}, .variables = {}, .computes_only = false};

// Limits under which the first lost worker is a fault.
WorkerLimits check_limits(const CheckOptions& options);

// The task's code in a worker of its own.
std::unique_ptr<WorkerTask> start_checked(const CheckOptions& options,
                                          const WorkerPlace& place = kReadingPlace);

struct CheckedTask {
  Task task;
  WorkerTask& worker;  // the task's code
};

// The task in a worker of its own, with the settings of the options.
CheckedTask open_checked(const CheckOptions& options, const WorkerPlace& place);
Task open_checked(const CheckOptions& options);

}  // namespace tinyzero
