// What a run would take on several ranks, each on a machine like this one: memory from shapes, and
// time from what one process took here. docs/results/ranks.py compares it with runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/forecast/memory.h"

namespace tinyzero {

// Between any two ranks.
struct Link {
  std::string name;  // "10 Gb/s"
  double bytes_per_second = 0;
  double latency = 0;  // seconds
};
// Ethernet of 1 and 10 Gb/s, and a fabric of 100 Gb/s.
std::vector<Link> known_links();

struct RanksForecast {
  std::int64_t ranks = 1;
  std::int64_t memory = 0;           // bytes of a rank
  double exchanged = 0;              // about so many bytes that a rank sends in a step
  std::vector<double> seconds = {};  // of a step, by link
};

// Seconds of one process for a step of RL, and the tokens that it sampled. Where the two overlap,
// the longer one counts.
struct ProcessStep {
  double rollout = 0, update = 0;
  double tokens = 0;
  bool overlaps = false;
};

// For 1, 2, 4 … and `ranks` ranks, as far as they can divide the shards; if train.shards was
// chosen, any can.
std::vector<RanksForecast> forecast_ranks(const RunShape& run, bool chose_shards,
                                          std::int64_t ranks, const ProcessStep& step,
                                          const std::vector<Link>& links);

}  // namespace tinyzero
