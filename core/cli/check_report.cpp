#include "core/cli/check_report.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "core/base/clock.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/suggest.h"
#include "core/cli/interrupt.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"

namespace tinyzero {
namespace {

Json check_json(const std::string& name, const CheckResult& result, double seconds,
                std::int64_t seed) {
  return {{"check", name},
          {"result", grade_name(result.grade)},
          {"detail", result.detail},
          {"seconds", seconds},
          {"seed", seed}};
}

}  // namespace

void add_check_options(CLI::App& c, CheckCommandOptions& o, const char* name_help,
                       const char* settings_help) {
  c.add_option("name", o.name, name_help)->required();
  c.add_option("settings", o.settings, settings_help);
  c.add_option("--seed", o.seed, "seed of all randomness; the same seed finds the same fault")
      ->capture_default_str()
      ->check(whole_number());
  c.add_option("--only", o.only, "names of the checks to run; default: all")->delimiter(',');
  c.add_flag("--json", o.json, kJsonHelp);
}

void require_known(const std::vector<std::string>& only, const std::vector<std::string>& known) {
  for (const std::string& name : only) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw Error("no check \"" + name + "\"", suggestion(name, known));
  }
}

int report_checks(const CheckReportOptions& options, const std::vector<std::string>& known,
                  const std::function<CheckResult(const std::string&)>& run) {
  end_at_interrupt();
  if (!options.json) print("{} · seed {}\n", options.library, options.seed);
  std::map<Grade, int> counts;
  for (const std::string& name : options.only.empty() ? known : options.only) {
    const Stopwatch watch;
    const CheckResult result = run(name);
    ++counts[result.grade];
    if (options.json) print_json(check_json(name, result, watch.seconds(), options.seed));
    else print("{}  {:<15} {}\n", grade_name(result.grade), name, result.detail);
    flush_output();
  }
  if (!options.json)
    print("{} passed, {} with a warning, {} failed, {} skipped\n", counts[Grade::pass],
          counts[Grade::warn], counts[Grade::fail], counts[Grade::skip]);
  return counts[Grade::fail] == 0 ? 0 : 1;
}

}  // namespace tinyzero
