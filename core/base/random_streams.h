// The random streams of a run. All randomness is a function of the seed and of a stream's name, so
// that one use never affects another (sdk/include/tinyzero/rng.h). Problems need no stream here: a
// task draws each from the seed and its index.
#pragma once

#include <cstdint>

#include "tinyzero/rng.h"

namespace tinyzero {

// The uses of randomness. The numbers are part of the streams' names: they never change.
enum class RandomStream : std::uint64_t {
  weights = 1,
  demonstrations = 3,
  rollout = 4,
  evaluation = 5,
  generation = 6,
  preflight = 7,
  random_reward = 8,
  adapter = 9,
  moment_rounding = 10,
  weight_rounding = 11,
  imitation = 12
};

inline std::uint64_t stream_key(std::uint64_t seed, RandomStream stream) {
  return stream_key(seed, {static_cast<std::uint64_t>(stream)});
}

// A step and its round of sampling as one number: the round is in the bits above the step.
inline constexpr std::uint64_t kRoundBit = 48;
inline std::uint64_t round_of_step(std::uint64_t step, std::uint64_t round) {
  return step | round << kRoundBit;
}

}  // namespace tinyzero
