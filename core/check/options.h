// The options of the checks of a task.
#pragma once

#include <cstdint>

#include "core/config/document.h"
#include "core/plugin/library.h"

namespace tinyzero {

struct CheckOptions {
  PluginFile file;
  Node settings;  // the task's
  std::uint64_t seed = 1;
  double seconds = 120;    // for one check
  double row_seconds = 2;  // for judging one answer
};

}  // namespace tinyzero
