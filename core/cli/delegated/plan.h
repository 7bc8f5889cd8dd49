// plan: memory and time that a run will need.
#pragma once

#include <cstdint>
#include <string>

#include "core/cli/delegated/config.h"

namespace tinyzero {

struct PlanOptions : ConfigOptions {
  std::string gpu;         // empty: this machine
  std::int64_t ranks = 1;  // up to so many
  double link = 0;         // GB/s between them; 0: some known ones
};

[[gnu::weak]] int run_plan(const GlobalOptions&, const PlanOptions&);

}  // namespace tinyzero
