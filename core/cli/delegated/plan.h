// plan: memory and time that a run will need.
#pragma once

#include <string>

#include "core/cli/delegated/config.h"

namespace tinyzero {

struct PlanOptions : ConfigOptions {
  std::string gpu;  // empty: this machine
};

[[gnu::weak]] int run_plan(const GlobalOptions&, const PlanOptions&);

}  // namespace tinyzero
