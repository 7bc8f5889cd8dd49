// Timing on a machine that other programs use too: works take turns, disturbed turns are repeated,
// and results are medians with their ranges.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

struct Spread {
  double median = 0, lowest = 0, highest = 0;
};

Spread spread_of(std::vector<double> values);  // of at least one value
// The spread of a / b, round by round.
Spread ratio_of(std::vector<double> a, const std::vector<double>& b);
Json spread_json(const Spread& spread);

// Processor time of other processes, from /proc/stat.
class ForeignLoad {
 public:
  ForeignLoad() { sample(); }
  // The share of all cores' time since the last call that other processes took; 0 where /proc/stat
  // cannot be read.
  double sample();

 private:
  double busy_ = 0, own_ = 0, total_ = 0;
};

// A turn in which other processes use a larger share of the machine is disturbed.
constexpr double kMostForeign = 0.05;

struct Rounds {
  std::vector<std::vector<double>> seconds;  // [work][round]
  // [work][round]: mean of the roof before and after the turn
  std::vector<std::vector<double>> roofs;
  std::int64_t disturbed = 0;  // turns that were repeated
  double foreign = 0;          // largest foreign load in a turn that counts
};

// Does every work once to warm up, then `rounds` times, in turns. A work returns the seconds that
// its measured stretch took. `roof` returns what the machine can do at most right now, in any unit:
// virtual cores run at changing speeds, so each turn is compared with a roof of its own. A
// disturbed turn is repeated up to three times, and the calmest counts.
Rounds take_turns(std::int64_t rounds, const std::vector<std::function<double()>>& works,
                  const std::function<double()>& roof);

}  // namespace tinyzero
