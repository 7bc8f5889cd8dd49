// What `plan --ranks` says, in words and as JSON.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/forecast/ranks.h"

namespace tinyzero {

// The links that are looked at: one of so many GB/s, or, for 0, the known ones.
std::vector<Link> links_for(double gigabytes);

// `forecasts` begin with one rank; their seconds are those of `links`.
std::string ranks_text(const std::vector<RanksForecast>& forecasts, const std::vector<Link>& links);
Json ranks_json(const std::vector<RanksForecast>& forecasts, const std::vector<Link>& links);

}  // namespace tinyzero
