// Durations by a monotonic clock, which changes of the system time do not affect.
#pragma once

#include <chrono>

namespace tinyzero {

class Stopwatch {
 public:
  // Seconds since construction.
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace tinyzero
