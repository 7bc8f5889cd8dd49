#include "core/check/checked_task.h"

#include <algorithm>

#include "core/task/hosting.h"

namespace tinyzero {
namespace {

TaskHosting hosting_of(const CheckOptions& options) {
  return read_hosting(options.file, &options.settings, "task");
}

}  // namespace

WorkerLimits check_limits(const CheckOptions& options) {
  constexpr double kLoadSeconds = 10;
  WorkerLimits limits = worker_limits(options.file, hosting_of(options));
  if (options.file.python.empty()) {
    limits.row_seconds = options.row_seconds;
    limits.load_seconds = kLoadSeconds;
  }
  limits.call_seconds = options.seconds;
  limits.load_seconds = std::min(limits.load_seconds, options.seconds);
  limits.strikes = 1;
  return limits;
}

std::unique_ptr<WorkerTask> start_checked(const CheckOptions& options, const WorkerPlace& place) {
  return start_worker(options.file, hosting_of(options), check_limits(options), place);
}

CheckedTask open_checked(const CheckOptions& options, const WorkerPlace& place) {
  auto worker = start_checked(options, place);
  WorkerTask& code = *worker;
  return {
      Task(std::move(worker), code.file(), &options.settings, "task", hosting_of(options).words),
      code};
}

Task open_checked(const CheckOptions& options) {
  return std::move(open_checked(options, kReadingPlace).task);
}

}  // namespace tinyzero
