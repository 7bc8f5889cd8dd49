// The checks themselves. Each throws CheckFailed at the first fault, and returns its line of the
// report.
#pragma once

#include "core/algorithm/check_options.h"
#include "core/check/checks.h"

namespace tinyzero {

// check_library.cpp
CheckResult check_algorithm_file(const AlgorithmCheckOptions& options);
CheckResult check_algorithm_settings(const AlgorithmCheckOptions& options);
CheckResult check_models(const AlgorithmCheckOptions& options);
CheckResult check_metrics(const AlgorithmCheckOptions& options);

// check_sameness.cpp
CheckResult check_deterministic(const AlgorithmCheckOptions& options);
CheckResult check_order(const AlgorithmCheckOptions& options);
CheckResult check_groups(const AlgorithmCheckOptions& options);
CheckResult check_micro_batches(const AlgorithmCheckOptions& options);
CheckResult check_loss_threads(const AlgorithmCheckOptions& options);

// check_gradient.cpp
CheckResult check_gradient(const AlgorithmCheckOptions& options);
CheckResult check_teaches(const AlgorithmCheckOptions& options);

// check_silence.cpp
CheckResult check_masked(const AlgorithmCheckOptions& options);
CheckResult check_silent(const AlgorithmCheckOptions& options);

// check_extremes.cpp
CheckResult check_extremes(const AlgorithmCheckOptions& options);

}  // namespace tinyzero
