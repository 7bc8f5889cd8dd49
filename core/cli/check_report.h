// What `task check` and `algorithm check` print.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/check/check.h"

namespace tinyzero {

struct CheckReportOptions {
  std::string library;
  std::int64_t seed = 1;
  std::vector<std::string> only;  // empty: all
  bool json = false;
};

// Throws Error if `only` names a check that is not known.
void require_known(const std::vector<std::string>& only, const std::vector<std::string>& known);

// Runs the checks and prints a line for each, and their number. The exit code: 1 if one failed.
int report_checks(const CheckReportOptions& options, const std::vector<std::string>& known,
                  const std::function<CheckResult(const std::string&)>& run);

}  // namespace tinyzero
