#include "core/train/first_update.h"

#include <algorithm>
#include <cmath>

#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr int kSums = 16;
constexpr std::int64_t kMostWeights = std::int64_t{1} << 22;
constexpr std::uint64_t kSigns = 0x7369676e73;  // names the signs

// Losses that are equal but for rounding differ by less, though an optimizer that follows the sign
// of a gradient turns a difference in its last digits into a whole step where the gradient is 0.
constexpr double kRounding = 1e-3;

double norm(const std::vector<double>& values) {
  double squares = 0;
  for (const double value : values) squares += value * value;
  return std::sqrt(squares);
}

}  // namespace

std::vector<double> weight_sums(const Model& model) {
  const std::int64_t stride = (model.weights.size() + kMostWeights - 1) / kMostWeights;
  const float* weights = model.weights.data();
  std::vector<double> sums(kSums, 0.0);
  for (std::int64_t i = 0; i < model.weights.size(); i += stride) {
    const std::uint32_t signs = philox(static_cast<std::uint64_t>(i), 0, kSigns).word[0];
    for (int k = 0; k < kSums; ++k) sums[k] += (signs >> k & 1) != 0 ? weights[i] : -weights[i];
  }
  return sums;
}

bool is_same_update(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  std::vector<double> difference;
  for (std::size_t k = 0; k < a.size(); ++k) difference.push_back(a[k] - b[k]);
  const double length = std::max(norm(a), norm(b));
  return length > 0 && norm(difference) <= kRounding * length;
}

}  // namespace tinyzero
