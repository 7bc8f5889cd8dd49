// Randomness of trials.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>

#include "tinyzero/rng.h"

namespace tinyzero {

// A normal number: Box-Muller on two draws.
inline double normal(Rng& rng) {
  const double u = 1.0 - rng.uniform(), v = rng.uniform();
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
}

// The key of a random stream that a name stands for.
inline std::uint64_t key_of(const std::string& name) {
  std::uint64_t key = 0;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    key = stream_key(key, {byte});
  }
  return key;
}

}  // namespace tinyzero
