#include "core/model/rope.h"

#include <cmath>
#include <numbers>

namespace tinyzero {

RopeTable::RopeTable(const ModelConfig& c) {
  for (std::int64_t i = 0; i < c.head_dim / 2; ++i) {
    // transformers computes frequencies and angles in f32; the same roundings here keep long
    // positions equal to its own.
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(c.head_dim);
    float frequency = 1.0f / std::pow(static_cast<float>(c.rope_theta), exponent);
    if (c.rope_scaling == RopeScaling::linear) {
      frequency /= static_cast<float>(c.rope_factor);
    } else if (c.rope_scaling == RopeScaling::llama3) {
      const double wavelength = 2.0 * std::numbers::pi / frequency,
                   original = static_cast<double>(c.rope_original_context);
      if (wavelength > original / c.rope_low_factor) {
        frequency = static_cast<float>(frequency / c.rope_factor);
      } else if (wavelength >= original / c.rope_high_factor) {
        const double smooth =
            (original / wavelength - c.rope_low_factor) / (c.rope_high_factor - c.rope_low_factor);
        frequency =
            static_cast<float>((1.0 - smooth) * frequency / c.rope_factor + smooth * frequency);
      }
    }
    frequencies_.push_back(frequency);
  }
}

void RopeTable::ensure(std::int64_t length) {
  for (std::int64_t position = std::ssize(cosines_) / half(); position < length; ++position) {
    for (const double frequency : frequencies_) {
      const float angle = static_cast<float>(position) * static_cast<float>(frequency);
      cosines_.push_back(static_cast<float>(std::cos(static_cast<double>(angle))));
      sines_.push_back(static_cast<float>(std::sin(static_cast<double>(angle))));
    }
  }
}

}  // namespace tinyzero
