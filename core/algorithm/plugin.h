// Loading algorithm plugins.
#pragma once

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/config/experiment.h"
#include "core/plugin/library.h"
#include "tinyzero/algorithm.h"

namespace tinyzero {

// Compares the library's fingerprint with this program's, field by field; throws Error with the
// first field that differs, both values and the command that rebuilds it.
void check_fingerprint(const PluginFile& file);

// Loads an algorithm library after checking its fingerprint.
const AlgorithmModule& load_algorithm_module(const PluginFile& file);

struct ConfiguredAlgorithm {
  std::unique_ptr<Algorithm> algorithm;
  std::filesystem::path path;
  std::vector<ResolvedSetting> resolved;  // those of a variant have its name as their origin
};

// Opens `use` (an id or a path) with the settings of a map that may hold `use` itself, and
// `variant`. Throws Error.
ConfiguredAlgorithm open_algorithm(const PluginCatalog& catalog, const std::string& use,
                                   const Node* settings);

// How often a step samples, at most, to find as many problems as it wants.
inline std::int64_t most_rounds(const Algorithm& algorithm, const RolloutSettings& rollout) {
  return std::max(algorithm.sampling_rounds(), rollout.mixed_rounds);
}

}  // namespace tinyzero
