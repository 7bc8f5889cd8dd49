// What every check of an algorithm is given.
#pragma once

#include <cstdint>
#include <filesystem>

#include "core/config/document.h"

namespace tinyzero {

struct AlgorithmCheckOptions {
  std::filesystem::path library;
  Node settings;  // of the algorithm; may name a variant
  std::uint64_t seed = 1;
  double seconds = 120;  // for one check
};

}  // namespace tinyzero
