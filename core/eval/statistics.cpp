#include "core/eval/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tinyzero {

Interval wilson_interval(double right, double total) {
  if (total <= 0) return {};
  constexpr double z = 1.959963984540054;  // 97.5 % quantile of the normal distribution
  const double p = right / total, scale = 1.0 + z * z / total;
  const double centre = (p + z * z / (2.0 * total)) / scale;
  const double half = z / scale * std::sqrt(p * (1.0 - p) / total + z * z / (4.0 * total * total));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double pass_at_k(std::int64_t n, std::int64_t c, std::int64_t k) {
  if (n < k) return std::numeric_limits<double>::quiet_NaN();
  double all_wrong = 1.0;
  for (std::int64_t i = 0; i < k; ++i) all_wrong *= std::max(0.0, static_cast<double>(n - c - i)) / static_cast<double>(n - i);
  return 1.0 - all_wrong;
}

}  // namespace tinyzero
