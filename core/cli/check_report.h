// What `task check` and `algorithm check` share: their options, and what they print.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/check/check.h"

namespace CLI {
class App;
}

namespace tinyzero {

struct CheckCommandOptions {
  std::string name;
  std::int64_t seed = 1;
  std::vector<std::string> settings;
  std::vector<std::string> only;  // names of checks; empty: all
  bool json = false;
};

void add_check_options(CLI::App& command, CheckCommandOptions& options, const char* name_help,
                       const char* settings_help);

struct CheckReportOptions {
  std::string library = {};
  std::int64_t seed = 1;
  std::vector<std::string> only = {};  // empty: all
  bool json = false;
};

// Throws Error if `only` names a check that is not known.
void require_known(const std::vector<std::string>& only, const std::vector<std::string>& known);

// Runs the checks, prints a line for each as it ends, then how many had which result. Returns the
// exit code: 1 if one failed. `run` may keep the results.
int report_checks(const CheckReportOptions& options, const std::vector<std::string>& known,
                  const std::function<CheckResult(const std::string&)>& run);

}  // namespace tinyzero
