// train: a new run from an experiment file, or a run that continues.
#pragma once

#include <string>
#include <vector>

#include "core/cli/commands.h"
#include "core/cli/ranks_options.h"

namespace tinyzero {

struct TrainOptions {
  std::string config;
  std::string run;
  std::string resume;
  std::vector<std::string> overrides;
  bool json = false;
  bool quiet = false;
  bool accept_changes = false;
  RanksOptions ranks;
  // Started by a comparison, which has checked the settings.
  bool planned = false;
};

[[gnu::weak]] int run_train(const GlobalOptions&, const TrainOptions&);

}  // namespace tinyzero
