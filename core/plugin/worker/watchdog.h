// Decides when a worker has used up its time. Callers pass the time, so that tests need no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tinyzero {

using WatchClock = std::chrono::steady_clock;
using WatchTime = WatchClock::time_point;

struct CallLimits {
  double seconds = 60;     // for the whole call
  double row_seconds = 0;  // for one of its rows
  std::size_t rows = 0;    // 0: the call has none
};

// Watches one call. The row that a worker claims to work on counts as new only if it belongs to the
// call and is higher than all before: a cursor that jumps back and forth gains no time.
class CallWatch {
 public:
  CallWatch(const CallLimits& limits, WatchTime start)
      : limits_(limits), start_(start), row_start_(start) {}

  // Examines the worker's cursor. Returns which limit was exceeded ("ran longer than 2 s"), if any.
  std::optional<std::string> look(std::uint32_t cursor, WatchTime now);

  // The highest row so far, if the worker has named one.
  std::optional<std::size_t> row() const { return row_; }

 private:
  CallLimits limits_;
  WatchTime start_, row_start_;
  std::optional<std::size_t> row_;
};

// Watches that a worker rests between calls: threads that keep processors busy would slow down the
// host.
class RestWatch {
 public:
  explicit RestWatch(WatchTime start) : since_(start) {}

  // Reports the duration of a call.
  void called(double seconds) { in_calls_ += seconds; }
  // Whether the next look is due.
  bool is_due(WatchTime now) const {
    return std::chrono::duration<double>(now - since_).count() >= kBetween;
  }
  // Takes the total processor time of the worker. Returns the processor seconds that it used
  // outside of calls, if they are too many.
  std::optional<double> look(double processor_seconds, int processors, WatchTime now);

 private:
  static constexpr double kBetween = 1;   // seconds between two looks
  static constexpr double kShare = 0.25;  // allowed average share of a processor

  WatchTime since_;      // the last look
  double in_calls_ = 0;  // seconds in calls since the last look
  double used_ = 0;      // processor seconds up to the last look
};

}  // namespace tinyzero
