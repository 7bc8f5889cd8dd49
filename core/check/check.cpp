#include "core/check/check.h"

#include <algorithm>
#include <exception>

#include "core/base/error.h"
#include "core/check/checks.h"
#include "core/check/process.h"
#include "core/plugin/library_task.h"

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

// Tells its watch what it judges.
class WatchedTask : public LibraryTask {
 public:
  WatchedTask(const std::filesystem::path& library, Watch* watch) : LibraryTask(library), watch_(watch) {
    if (watch_ != nullptr) LibraryTask::watch(watch_->cursor());
  }
  std::vector<Verdict> verify(const std::vector<Answer>& answers) override {
    if (watch_ == nullptr) return LibraryTask::verify(answers);
    watch_->begin(answers);
    std::vector<Verdict> verdicts = LibraryTask::verify(answers);
    watch_->end();
    return verdicts;
  }

 private:
  Watch* watch_;
};

constexpr Grade kGrades[] = {Grade::pass, Grade::warn, Grade::fail, Grade::skip};

// What the child sends: a digit for the grade, then the detail.
std::string sent(const CheckResult& result) { return std::to_string(static_cast<int>(result.grade)) + result.detail; }

CheckResult received(const std::string& text) { return {kGrades[(text.at(0) - '0') & 3], text.substr(1)}; }

}  // namespace

const char* grade_name(Grade grade) {
  switch (grade) {
    case Grade::pass: return "pass";
    case Grade::warn: return "warn";
    case Grade::fail: return "fail";
    default: return "skip";
  }
}

CheckResult run_check_forked(const std::string& whose, const CheckLimits& limits, const std::function<CheckResult()>& check) {
  const ProcessOutcome outcome = run_forked(limits.seconds, limits.watch, limits.row_seconds, [&] {
    try {
      return sent(check());
    } catch (const std::exception& e) {  // CheckFailed, or what the plugin or the host threw: each says what was wrong
      return sent({Grade::fail, e.what()});
    }
  });
  return outcome.finished ? received(outcome.text) : CheckResult{Grade::fail, whose + " " + outcome.text};
}

std::vector<std::string> check_names() {
  std::vector<std::string> names;
  for (const Check& check : kChecks) names.emplace_back(check.name);
  return names;
}

CheckResult run_check(const std::string& name, const CheckOptions& options) {
  for (const Check& check : kChecks) {
    if (name != check.name) continue;
    Watch watch;
    CheckOptions watched = options;
    watched.watch = &watch;
    return run_check_forked("the task's code", {options.seconds, &watch, options.row_seconds}, [&] { return check.run(watched); });
  }
  throw Failure("no check \"" + name + "\"");
}

Task open_checked(const CheckOptions& options) {
  return Task(std::make_unique<WatchedTask>(options.library, options.watch), options.library, &options.settings);
}

bool is_snake_case(const std::string& name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void require(bool holds, const std::string& what) {
  if (!holds) throw CheckFailed(what);
}

std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, 60)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return "\"" + out + (text.size() > 60 ? "…\"" : "\"");
}

}  // namespace tinyzero
