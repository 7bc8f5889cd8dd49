// What a benchmark of the engine or of an update measured: as text and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.h"
#include "core/bench/ceilings.h"
#include "core/bench/measure.h"
#include "core/bench/workload.h"

namespace tinyzero {

// Seconds of all threads, by what they did.
using PhaseTimes = std::vector<std::pair<std::string, double>>;

// The same work by another implementation.
struct BenchPeer {
  std::string name;
  Spread tokens;  // a second
  Spread ratio;   // how many times faster this program is
};

struct BenchResult {
  std::string what;  // rollout, train or step
  std::int64_t parameters = 0;
  Ceilings ceilings;  // measured after the work, whose peak memory they must not change
  std::int64_t threads = 1;
  double memory = 0;  // peak, bytes
  Workload workload;
  double tokens = 0;    // of one round
  double flops = 0;     // of one round
  Rounds rounds;        // the first work is this program's, the others are the peers'
  double slot_use = 0;  // share of slots that held an unfinished completion; 0: not measured
  PhaseTimes phases;    // of a round that was profiled
  std::vector<BenchPeer> peers;

  // Of each round of this program.
  const std::vector<double>& seconds() const { return rounds.seconds.front(); }
  Spread rate() const;  // tokens per second
  // Operations a second, as a share of the multiply-add throughput around the round.
  Spread efficiency() const;
};

// Adds the peers that took turns with this program.
void add_peers(BenchResult& result, const std::vector<std::string>& names);

std::string result_text(const BenchResult& result);
Json result_json(const BenchResult& result);

}  // namespace tinyzero
