#include "core/plugin/worker/watchdog.h"

#include <fmt/format.h>

#include <algorithm>

namespace tinyzero {
namespace {

double seconds_between(WatchTime from, WatchTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

std::optional<std::string> CallWatch::look(std::uint32_t cursor, WatchTime now) {
  if (cursor < limits_.rows && (!row_ || cursor > *row_)) {
    row_ = cursor;
    row_start_ = now;
  }
  double limit = limits_.seconds;
  if (limits_.rows > 0 && !row_) limit = std::min(limit, limits_.row_seconds * limits_.rows);
  if (seconds_between(start_, now) >= limit) return fmt::format("ran longer than {} s", limit);
  if (row_ && seconds_between(row_start_, now) >= limits_.row_seconds)
    return fmt::format("ran longer than {} s", limits_.row_seconds);
  return std::nullopt;
}

std::optional<double> RestWatch::look(double processor_seconds, int processors, WatchTime now) {
  const double resting = std::max(0.0, seconds_between(since_, now) - in_calls_);
  const double busy = processor_seconds - used_ - in_calls_ * processors;
  since_ = now;
  in_calls_ = 0;
  used_ = processor_seconds;
  if (busy < kShare * std::max(resting, kBetween)) return std::nullopt;
  return busy;
}

}  // namespace tinyzero
