// The run of tests/integration/small.yaml, opened in this process.
#pragma once

#include <string>
#include <vector>

#include "core/train/opened_run.h"

namespace tinyzero {

inline Experiment small_experiment(const std::vector<std::string>& overrides = {}) {
  std::vector<std::string> all = {"threads=2", "precision=f32"};
  all.insert(all.end(), overrides.begin(), overrides.end());
  return Experiment::load(fs::path(TINYZERO_SOURCE) / "tests/integration/small.yaml", all);
}

inline OpenedRun small_run(const std::vector<std::string>& overrides = {},
                           OpenOptions options = {}) {
  return OpenedRun::open(small_experiment(overrides), PluginCatalog({TINYZERO_PLUGINS}), options);
}

}  // namespace tinyzero
