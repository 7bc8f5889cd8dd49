// Where one worker's time goes, by what it did between two laps.
#pragma once

#include "core/base/clock.h"
#include "core/rollout/engine.h"

namespace tinyzero {

class LapClock {
 public:
  // Counts nothing unless it is on, so that decoding need not read the clock.
  explicit LapClock(bool on = false) : on_(on) {}

  // Adds the time since the last lap to `phase`, a member of `times`.
  void lap(double& phase) {
    if (!on_) return;
    phase += watch_.seconds();
    watch_ = Stopwatch();
  }

  DecodeTimes times;

 private:
  bool on_;
  Stopwatch watch_;
};

}  // namespace tinyzero
