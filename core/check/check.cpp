#include "core/check/check.h"

#include <algorithm>
#include <exception>

#include "core/base/error.h"
#include "core/check/checks.h"
#include "core/check/process.h"

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
    {"fuzz", check_fuzz},
    {"speed", check_speed},
    {"threads", check_threads},
    {"leaks", check_leaks},
};

constexpr Grade kGrades[] = {Grade::pass, Grade::warn, Grade::fail, Grade::skip};

// What the child sends: a digit for the grade, then the detail.
std::string sent(const CheckResult& result) {
  return std::to_string(static_cast<int>(result.grade)) + result.detail;
}

CheckResult received(const std::string& text) {
  return {kGrades[(text.at(0) - '0') & 3], text.substr(1)};
}

}  // namespace

const char* grade_name(Grade grade) {
  switch (grade) {
    case Grade::pass: return "pass";
    case Grade::warn: return "warn";
    case Grade::fail: return "fail";
    default: return "skip";
  }
}

CheckResult run_check_forked(const std::string& whose, double seconds,
                             const std::function<CheckResult()>& check) {
  const ProcessOutcome outcome = run_forked(seconds, [&] {
    try {
      return sent(check());
    } catch (const std::exception& e) {  // CheckFailed, or what the plugin or the host threw: each
                                         // says what was wrong
      return sent({Grade::fail, e.what()});
    }
  });
  return outcome.finished ? received(outcome.text)
                          : CheckResult{Grade::fail, whose + " " + outcome.text};
}

std::vector<std::string> check_names() {
  std::vector<std::string> names;
  for (const Check& check : kChecks) names.emplace_back(check.name);
  return names;
}

CheckResult run_check(const std::string& name, const CheckOptions& options) {
  for (const Check& check : kChecks) {
    if (name == check.name)
      return run_check_forked("the check of the task's code", options.seconds,
                              [&] { return check.run(options); });
  }
  throw Failure("no check \"" + name + "\"");
}

WorkerLimits check_limits(const CheckOptions& options) {
  constexpr double kLoadSeconds = 10;
  WorkerLimits limits;
  limits.row_seconds = options.row_seconds;
  limits.call_seconds = options.seconds;
  limits.load_seconds = std::min(kLoadSeconds, options.seconds);
  limits.strikes = 1;
  return limits;
}

CheckedTask open_checked(const CheckOptions& options, const WorkerPlace& place) {
  auto worker = std::make_unique<WorkerTask>(options.library, check_limits(options), place);
  WorkerTask& code = *worker;
  return {Task(std::move(worker), options.library, &options.settings), code};
}

Task open_checked(const CheckOptions& options) {
  return std::move(open_checked(options, kReadingPlace).task);
}

bool is_snake_case(const std::string& name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

void require(bool holds, const std::string& what) {
  if (!holds) throw CheckFailed(what);
}

}  // namespace tinyzero
