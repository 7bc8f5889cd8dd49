// What a report's page is told, beside the episodes: curves, sums, and in what runs differ.
#pragma once

#include <cstddef>
#include <vector>

#include "core/report/groups.h"
#include "core/report/run_data.h"

namespace tinyzero {

struct CurveLimits {
  std::size_t points =
      24000;  // steps of all runs together; longer runs are shown by every k-th step
  std::size_t run_points = 4000;  // steps of one run at most
};

// The object that the page's script reads:
//   "cautions": sentences for whoever compares the runs
//   "spent":    whether tokens are all that RL cost; else those that were sampled
//   "metrics":  [{"name", "title", "unit", "hint", "curve": shown, folded or hidden}…], of every
//               name that a run recorded, in the order in which curves are drawn
//   "groups":   [{"label", "runs"}…]
//   "settings", "made": {"different": [{"key", "values"}…], "equal": [[key, value]…]}; values of
//               settings are by group, those of `made` by run
//   "runs":     a run's facts and sums, and its series "train", "eval" and "warm":
//               {"every": k, "of": records, "step", "seconds", "tokens", "values": {name: […]}}
// Numbers have five significant digits.
Json page_data(const std::vector<RunData>& runs, const std::vector<RunGroup>& groups,
               const CurveLimits& limits);

}  // namespace tinyzero
