#include "core/algorithm/check.h"

#include <ATen/Parallel.h>

#include "core/algorithm/checks.h"
#include "core/algorithm/trial.h"
#include "core/base/error.h"
#include "core/check/process.h"

namespace tinyzero {
namespace {

struct Check {
  const char* name;
  CheckResult (*run)(const AlgorithmCheckOptions&);
};
constexpr Check kChecks[] = {
    {"file", check_algorithm_file},
    {"settings", check_algorithm_settings},
    {"models", check_models},
    {"deterministic", check_deterministic},
    {"order", check_order},
    {"groups", check_groups},
    {"micro_batches", check_micro_batches},
    {"gradient", check_gradient},
    {"masked", check_masked},
    {"extremes", check_extremes},
    {"teaches", check_teaches},
    {"silent", check_silent},
    {"threads", check_loss_threads},
    {"metrics", check_metrics},
};

}  // namespace

std::vector<std::string> algorithm_check_names() {
  std::vector<std::string> names;
  for (const Check& check : kChecks) names.emplace_back(check.name);
  return names;
}

void check_algorithm_opens(const AlgorithmCheckOptions& options) {
  at::set_num_threads(1);
  constexpr char kBetween = '\0';  // of an error's words and its hint
  const ProcessOutcome outcome = run_forked(options.seconds, [&]() -> std::string {
    try {
      open_for_check(options);
      return "";
    } catch (const Error& e) {
      return e.what() + std::string(1, kBetween) + e.hint();
    }
  });
  if (!outcome.finished || outcome.text.empty()) return;
  const std::size_t end = outcome.text.find(kBetween);
  throw Error(outcome.text.substr(0, end), outcome.text.substr(end + 1));
}

CheckResult run_algorithm_check(const std::string& name, const AlgorithmCheckOptions& options) {
  at::set_num_threads(1);
  for (const Check& check : kChecks) {
    if (name == check.name)
      return run_check_forked("the algorithm's code", options.seconds,
                              [&] { return check.run(options); });
  }
  throw Failure("no check \"" + name + "\"");
}

}  // namespace tinyzero
