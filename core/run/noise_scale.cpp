#include "core/run/noise_scale.h"

#include <algorithm>
#include <limits>

namespace tinyzero {
namespace {

constexpr double kOlder = 0.9;  // weight of a step, relative to the next one

}  // namespace

void NoiseScale::add(const GradientSignal& step) {
  recent_.signal = kOlder * recent_.signal + (1 - kOlder) * step.signal;
  recent_.total = kOlder * recent_.total + (1 - kOlder) * step.total;
}

double NoiseScale::completions(double in_update) const {
  if (recent_.signal <= 0) return std::numeric_limits<double>::infinity();
  return in_update * std::max(0.0, recent_.total / recent_.signal - 1);
}

}  // namespace tinyzero
