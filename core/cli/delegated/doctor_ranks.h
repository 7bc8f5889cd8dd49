// doctor --ranks: whether the ranks that a launcher started could train together, and how fast they
// exchange what training exchanges.
#pragma once

#include "core/cli/commands.h"
#include "core/cli/ranks_options.h"

namespace tinyzero {

struct DoctorOptions {
  bool json = false;
  bool looks_at_ranks = false;
  RanksOptions ranks;
};

[[gnu::weak]] int run_doctor_ranks(const GlobalOptions&, const DoctorOptions&);

}  // namespace tinyzero
