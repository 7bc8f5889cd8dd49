// What makes an algorithm trustworthy, as checks that anyone can run on a library: `tinyzero
// algorithm check`.
//
// The checks give the algorithm small random steps, and say of its losses what must hold whatever
// they teach. As with tasks, every check runs in a process of its own with a time limit, and all
// randomness comes from one seed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/check/check.h"
#include "core/config/document.h"

namespace tinyzero {

struct AlgorithmCheckOptions {
  std::filesystem::path library;
  Node settings;  // of the algorithm; may name a variant
  std::uint64_t seed = 1;
  double seconds = 120;  // for one check
};

// In the order in which they run.
std::vector<std::string> algorithm_check_names();

// Opens the library with the settings in a process of its own. Throws Error if they are not what it
// takes; what goes wrong otherwise is for the checks to find.
void check_algorithm_opens(const AlgorithmCheckOptions& options);

// Runs one of them. LibTorch's own threads do not survive a fork: from the first call on, this
// process computes with one thread.
CheckResult run_algorithm_check(const std::string& name, const AlgorithmCheckOptions& options);

}  // namespace tinyzero
