// Timing of work on a machine that others use too: works take turns, disturbed turns are taken
// again, and what is told is a median with its range.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/json.h"

namespace tinyzero {

struct Spread {
  double median = 0, lowest = 0, highest = 0;
};

Spread spread_of(std::vector<double> values);  // at least one
// Round by round, a / b.
Spread ratio_of(std::vector<double> a, const std::vector<double>& b);
Json spread_json(const Spread& spread);

// Processor time that other processes took of all cores since the last call, as a share of it, from
// /proc/stat; 0 where that cannot be read.
class ForeignLoad {
 public:
  ForeignLoad() { sample(); }
  double sample();

 private:
  double busy_ = 0, own_ = 0, total_ = 0;
};

struct Rounds {
  std::vector<std::vector<double>> seconds;  // [work][round]
  std::vector<std::vector<double>>
      roofs;  // [work][round]: mean of the roof before and after the turn
  std::int64_t disturbed =
      0;  // turns that were taken again because others used more than kMostForeign of the machine
  double foreign = 0;  // largest share that others used in a turn that counts
};

constexpr double kMostForeign = 0.05;

// Does every work once to warm up, then `rounds` times, in turns. A work returns how long its
// measured part took, in seconds; `roof` what the machine can do at most right now, in any unit:
// virtual cores run at changing speeds, so each turn is held against its own roof. A disturbed turn
// is taken again, up to three times; what counts then is the calmest.
Rounds take_turns(std::int64_t rounds, const std::vector<std::function<double()>>& works,
                  const std::function<double()>& roof);

}  // namespace tinyzero
