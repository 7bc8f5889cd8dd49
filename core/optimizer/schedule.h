// Learning-rate schedules.
#pragma once

#include <cstdint>
#include <string>

namespace tinyzero {

// Factor of the peak learning rate at `step` (from 0) of `steps`: rises linearly over `warmup`
// steps, then stays ("constant"), falls to 0 in a line ("linear") or as half a cosine ("cosine").
double schedule_factor(const std::string& schedule, std::int64_t step, std::int64_t steps,
                       std::int64_t warmup);

// The factor after the warm-up, at `progress` from 0 to 1 of the rest.
double decay_factor(const std::string& schedule, double progress);

}  // namespace tinyzero
