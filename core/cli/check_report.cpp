#include "core/cli/check_report.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/suggest.h"
#include "core/cli/interrupt.h"
#include "core/cli/output.h"

namespace tinyzero {

void require_known(const std::vector<std::string>& only, const std::vector<std::string>& known) {
  for (const std::string& name : only)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error("no check \"" + name + "\"", suggestion(name, known));
}

int report_checks(const CheckReportOptions& options, const std::vector<std::string>& known,
                  const std::function<CheckResult(const std::string&)>& run) {
  end_at_interrupt();
  if (!options.json) print("{} · seed {}\n", options.library, options.seed);
  int counts[4] = {};
  for (const std::string& name : options.only.empty() ? known : options.only) {
    const auto start = std::chrono::steady_clock::now();
    const CheckResult result = run(name);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    ++counts[static_cast<int>(result.grade)];
    if (options.json) {
      const Json row = {{"check", name},
                        {"result", grade_name(result.grade)},
                        {"detail", result.detail},
                        {"seconds", seconds},
                        {"seed", options.seed}};
      print_json(row);
    } else {
      print("{}  {:<15} {}\n", grade_name(result.grade), name, result.detail);
    }
    flush_output();
  }
  const int failed = counts[static_cast<int>(Grade::fail)];
  if (!options.json) {
    print("{} passed, {} with a warning, {} failed, {} skipped\n",
          counts[static_cast<int>(Grade::pass)], counts[static_cast<int>(Grade::warn)], failed,
          counts[static_cast<int>(Grade::skip)]);
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace tinyzero
