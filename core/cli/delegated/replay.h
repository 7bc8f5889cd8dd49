// replay: a step of a run again, token by token, and another algorithm's update on its episodes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cli/commands.h"

namespace tinyzero {

struct ReplayOptions {
  std::string run;
  std::string algorithm;
  std::string batch;
  std::int64_t step = 1;
  std::int64_t worst = 0;
  std::vector<std::string> settings;
  bool json = false;
};

[[gnu::weak]] int run_replay(const GlobalOptions&, const ReplayOptions&);

}  // namespace tinyzero
