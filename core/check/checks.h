// The checks of task_check.h. Each throws CheckFailed at the first fault and returns the line of
// the report.
#pragma once

#include "core/check/check.h"
#include "core/check/options.h"

namespace tinyzero {

// library.cpp
CheckResult check_file(const CheckOptions& options);
CheckResult check_settings(const CheckOptions& options);

// problems.cpp
CheckResult check_draws(const CheckOptions& options);
CheckResult check_keys(const CheckOptions& options);
CheckResult check_splits(const CheckOptions& options);
CheckResult check_streams(const CheckOptions& options);
CheckResult check_wordings(const CheckOptions& options);
CheckResult check_solutions(const CheckOptions& options);
CheckResult check_demonstrations(const CheckOptions& options);

// rewards.cpp
CheckResult check_cheats(const CheckOptions& options);
CheckResult check_constants(const CheckOptions& options);
CheckResult check_guesses(const CheckOptions& options);
CheckResult check_others(const CheckOptions& options);
CheckResult check_format(const CheckOptions& options);

// verdicts.cpp
CheckResult check_verdicts(const CheckOptions& options);
CheckResult check_worker(const CheckOptions& options);
CheckResult check_fuzz(const CheckOptions& options);

// traits.cpp
CheckResult check_traits(const CheckOptions& options);

// resources.cpp
CheckResult check_speed(const CheckOptions& options);
CheckResult check_threads(const CheckOptions& options);
CheckResult check_leaks(const CheckOptions& options);

}  // namespace tinyzero
