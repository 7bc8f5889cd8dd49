// What `plan --ranks` says, in words and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/forecast/ranks.h"

namespace tinyzero {

struct OpenedRun;
struct RunProbe;

class RanksPlan {
 public:
  // Up to so many ranks. `link`: GB/s between them; 0: the known links.
  RanksPlan(const OpenedRun& run, std::int64_t ranks, double link);

  std::string text(const RunProbe& probe) const;
  Json json(const RunProbe& probe) const;

 private:
  std::vector<RanksForecast> forecasts(const RunProbe& probe) const;

  RunShape shape_;  // taken before the probe: it knows this process without a model
  bool chose_shards_;
  std::int64_t ranks_;
  std::vector<Link> links_;
};

}  // namespace tinyzero
