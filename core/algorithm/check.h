// What makes an algorithm trustworthy, as checks that anyone can run on a library: `tinyzero
// algorithm check`.
//
// The checks give the algorithm small random steps, and verify of its losses what must hold
// whatever they teach. As with tasks, every check runs in a process of its own with a time limit,
// and all randomness comes from one seed.
#pragma once

#include <string>
#include <vector>

#include "core/algorithm/check_options.h"
#include "core/check/check.h"

namespace tinyzero {

// In the order in which they run.
std::vector<std::string> algorithm_check_names();

// Opens the library with the settings in a process of its own. Throws Error if it refuses them. Any
// other fault is for the checks to find.
void check_algorithm_opens(const AlgorithmCheckOptions& options);

// Runs one check. LibTorch's own threads do not survive a fork: from the first call on, this
// process computes with one thread.
CheckResult run_algorithm_check(const std::string& name, const AlgorithmCheckOptions& options);

}  // namespace tinyzero
