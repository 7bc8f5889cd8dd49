// Traits: what a completion does, as named numbers that are never rewarded.
#pragma once

#include <limits>

#include "tinyzero/traits_abi.h"

namespace tinyzero {

// A row of a task's table of traits.
struct Trait {
  const char* name;           // snake_case
  const char* doc;            // one sentence
  const char* per = nullptr;  // the trait that counts what this one is a share of
};

// The value of a trait that does not apply to a completion, as a share of 0 steps.
inline constexpr double kNoTrait = std::numeric_limits<double>::quiet_NaN();

// `part` of `whole`; kNoTrait if `whole` is 0.
inline double trait_share(double part, double whole) { return whole > 0 ? part / whole : kNoTrait; }

}  // namespace tinyzero
