#include "core/check/task_check.h"

#include "core/base/error.h"
#include "core/check/checks.h"

namespace tinyzero {
namespace {

struct Check {
  const char* name;
  CheckResult (*run)(const CheckOptions&);
};
constexpr Check kChecks[] = {
    {"file", check_file},
    {"settings", check_settings},
    {"draws", check_draws},
    {"keys", check_keys},
    {"splits", check_splits},
    {"solutions", check_solutions},
    {"demonstrations", check_demonstrations},
    {"cheats", check_cheats},
    {"guesses", check_guesses},
    {"verdicts", check_verdicts},
    {"worker", check_worker},
    {"traits", check_traits},
    {"fuzz", check_fuzz},
    {"speed", check_speed},
    {"threads", check_threads},
    {"leaks", check_leaks},
};

}  // namespace

std::vector<std::string> task_check_names() {
  std::vector<std::string> names;
  for (const Check& check : kChecks) names.emplace_back(check.name);
  return names;
}

CheckResult run_task_check(const std::string& name, const CheckOptions& options) {
  for (const Check& check : kChecks) {
    if (name == check.name)
      return run_check_forked("the check of the task's code", options.seconds,
                              [&] { return check.run(options); });
  }
  throw Failure("no check \"" + name + "\"");
}

}  // namespace tinyzero
