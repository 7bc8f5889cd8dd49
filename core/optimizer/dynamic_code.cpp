#include "core/optimizer/dynamic_code.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace tinyzero {
namespace {

// The levels above 0, ascending.
std::vector<float> magnitudes(bool is_signed) {
  constexpr int kDecades = 7;
  std::vector<float> out;
  for (int decade = 0; decade < kDecades; ++decade) {
    const int steps = (is_signed ? 1 : 2) << decade;
    const double top = std::pow(10.0, decade - (kDecades - 1));
    for (int i = 0; i < steps; ++i)
      out.push_back(static_cast<float>(top * (0.1 + 0.9 * (i + 0.5) / steps)));
  }
  out.push_back(1.0f);
  return out;
}

}  // namespace

DynamicCode::DynamicCode(bool is_signed) : signed_(is_signed) {
  const std::vector<float> above = magnitudes(is_signed);
  const auto count = static_cast<int>(above.size());  // 128 or 255
  zero_ = 255 - count;
  levels_.fill(0);
  for (int i = 0; i < count; ++i) {
    levels_[zero_ + 1 + i] = above[i];
    if (is_signed && i + 1 < count) levels_[zero_ - 1 - i] = -above[i];
  }
  borders_.fill(std::numeric_limits<float>::infinity());
  for (int i = 0; i < count; ++i) {
    const float below = i == 0 ? 0.0f : above[i - 1];
    borders_[i] = 0.5f * (below + above[i]);
  }
  for (std::uint32_t bucket = kLowest; bucket <= kHighest; ++bucket) {
    const auto end = std::bit_cast<float>(bucket << 16);
    first_[bucket - kLowest] = static_cast<std::uint8_t>(
        std::upper_bound(borders_.begin(), borders_.begin() + count, end) - borders_.begin());
  }
}

float DynamicCode::encode(const float* in, std::int64_t n, std::uint8_t* codes) const {
  std::int32_t largest = 0;  // magnitudes are ordered as their bits are
  for (std::int64_t i = 0; i < n; ++i)
    largest = std::max(largest, std::bit_cast<std::int32_t>(in[i]) & 0x7FFFFFFF);
  const auto scale = std::bit_cast<float>(largest);
  if (scale == 0) {
    std::fill_n(codes, n, static_cast<std::uint8_t>(zero_));
    return 0;
  }
  const int lowest = signed_ ? 0 : 1;
  for (std::int64_t i = 0; i < n; ++i) {
    const float magnitude = std::abs(in[i]) / scale;
    const std::uint32_t bucket = std::min(std::bit_cast<std::uint32_t>(magnitude) >> 16, kHighest);
    int level = lowest;
    if (bucket >= kLowest) {
      level = first_[bucket - kLowest];
      level = std::max(lowest, level + (magnitude >= borders_[level] ? 1 : 0));
    }
    const bool negative = signed_ && in[i] < 0;
    codes[i] = static_cast<std::uint8_t>(negative ? zero_ - std::min(level, zero_) : zero_ + level);
  }
  return scale;
}

}  // namespace tinyzero
