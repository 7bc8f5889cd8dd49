// Where the time of the transformer's operations goes.
#pragma once

#include <optional>

#include "core/base/clock.h"

namespace tinyzero {

// Seconds of all threads, forward and backward.
struct OperatorTimes {
  double products = 0;
  double attention = 0;
  double norms_and_gates = 0;
  double distribution = 0;
};

// Starts the profile at 0, or ends it.
void profile_operators(bool on);

// The times since the profile began.
OperatorTimes operator_times();

enum class OperatorKind { products, attention, norms_and_gates, distribution };

// Adds the time of its scope to `kind` while a profile is on.
class ProfiledScope {
 public:
  explicit ProfiledScope(OperatorKind kind) : kind_(kind) {
    if (is_profiling()) watch_.emplace();
  }
  ~ProfiledScope() {
    if (watch_) add(kind_, watch_->seconds());
  }
  ProfiledScope(const ProfiledScope&) = delete;
  ProfiledScope& operator=(const ProfiledScope&) = delete;

 private:
  static bool is_profiling();
  static void add(OperatorKind kind, double seconds);

  OperatorKind kind_;
  std::optional<Stopwatch> watch_;  // none: no profile is on
};

}  // namespace tinyzero
