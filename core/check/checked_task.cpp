#include "core/check/checked_task.h"

#include <algorithm>

namespace tinyzero {

WorkerLimits check_limits(const CheckOptions& options) {
  constexpr double kLoadSeconds = 10;
  WorkerLimits limits;
  limits.row_seconds = options.row_seconds;
  limits.call_seconds = options.seconds;
  limits.load_seconds = std::min(kLoadSeconds, options.seconds);
  limits.strikes = 1;
  return limits;
}

CheckedTask open_checked(const CheckOptions& options, const WorkerPlace& place) {
  auto worker = std::make_unique<WorkerTask>(options.library, check_limits(options), place);
  WorkerTask& code = *worker;
  return {Task(std::move(worker), options.library, &options.settings), code};
}

Task open_checked(const CheckOptions& options) {
  return std::move(open_checked(options, kReadingPlace).task);
}

}  // namespace tinyzero
