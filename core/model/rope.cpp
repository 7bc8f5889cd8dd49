#include "core/model/rope.h"

#include <cmath>
#include <numbers>

#include "core/model/config.h"

namespace tinyzero {
namespace {

// Llama 3 leaves high frequencies, divides low ones by the factor, and interpolates in between.
float stretched(float frequency, const ModelConfig& c) {
  const double wavelength = 2.0 * std::numbers::pi / frequency;
  const double original = c.rope_original_context;
  if (wavelength > original / c.rope_low_factor)
    return static_cast<float>(frequency / c.rope_factor);
  if (wavelength < original / c.rope_high_factor) return frequency;
  const double smooth =
      (original / wavelength - c.rope_low_factor) / (c.rope_high_factor - c.rope_low_factor);
  return static_cast<float>((1.0 - smooth) * frequency / c.rope_factor + smooth * frequency);
}

}  // namespace

// transformers computes frequencies and angles in f32; rounding in the same places keeps the angles
// of distant positions equal to its own.
RopeTable::RopeTable(const ModelConfig& c) {
  for (std::int64_t i = 0; i < c.head_dim / 2; ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(c.head_dim);
    float frequency = 1.0f / std::pow(static_cast<float>(c.rope_theta), exponent);
    if (c.rope_scaling == RopeScaling::linear) frequency /= static_cast<float>(c.rope_factor);
    if (c.rope_scaling == RopeScaling::llama3) frequency = stretched(frequency, c);
    frequencies_.push_back(frequency);
  }
}

void RopeTable::ensure(std::int64_t length) {
  for (std::int64_t position = std::ssize(cosines_) / half(); position < length; ++position) {
    for (const double frequency : frequencies_) {
      const float rounded = static_cast<float>(position) * static_cast<float>(frequency);
      const double angle = rounded;
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

}  // namespace tinyzero
