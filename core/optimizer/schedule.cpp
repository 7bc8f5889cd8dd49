#include "core/optimizer/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace tinyzero {

double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps,
                       std::int64_t warmup) {
  if (step < warmup) return static_cast<double>(step + 1) / static_cast<double>(warmup);
  const std::int64_t decaying = std::max<std::int64_t>(1, steps - warmup);
  return decay_factor(schedule, static_cast<double>(step - warmup) / static_cast<double>(decaying));
}

double decay_factor(const std::string& schedule, double progress) {
  if (schedule == "linear") return 1.0 - progress;
  if (schedule == "cosine") return 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return 1.0;
}

}  // namespace tinyzero
