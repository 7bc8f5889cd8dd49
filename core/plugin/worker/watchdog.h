// When a worker has had enough time. Times are given, so that tests need no clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tinyzero {

using WatchTime = std::chrono::steady_clock::time_point;

struct CallLimits {
  double seconds = 60;     // for the whole call
  double row_seconds = 0;  // for one of its rows
  std::size_t rows = 0;    // 0: the call has none
};

// Watches one call. The row that a worker says it works on is believed only where it is higher than
// all before and one of the call's: a cursor that jumps to and fro gains no time.
class CallWatch {
 public:
  CallWatch(const CallLimits& limits, WatchTime start)
      : limits_(limits), start_(start), row_start_(start) {}

  // Looks at the worker's cursor. What was exceeded ("ran longer than 2 s"), if anything.
  std::optional<std::string> look(std::uint32_t cursor, WatchTime now);

  // The highest row so far, if the worker named one.
  std::optional<std::size_t> row() const { return row_; }

 private:
  CallLimits limits_;
  WatchTime start_, row_start_;
  std::optional<std::size_t> row_;
};

// Watches that a worker rests between calls: threads that keep processors busy would slow down
// whatever its host does.
class RestWatch {
 public:
  explicit RestWatch(WatchTime start) : since_(start) {}

  // A call took so long.
  void called(double seconds) { in_calls_ += seconds; }
  // Whether the next look is due.
  bool is_due(WatchTime now) const {
    return std::chrono::duration<double>(now - since_).count() >= kBetween;
  }
  // Takes the processor time that the worker has used in all. The seconds it used outside of calls,
  // if they are too many.
  std::optional<double> look(double processor_seconds, int processors, WatchTime now);

 private:
  static constexpr double kBetween = 1;   // seconds from look to look
  static constexpr double kShare = 0.25;  // of a processor, on average

  WatchTime since_;
  double in_calls_ = 0, used_ = 0;  // seconds since then, and of processors before
};

}  // namespace tinyzero
