#include "core/check/check.h"

#include <algorithm>
#include <exception>

#include "core/check/process.h"

namespace tinyzero {
namespace {

constexpr Grade kGrades[] = {Grade::pass, Grade::warn, Grade::fail, Grade::skip};

// The child's message: a digit for the grade, then the detail.
std::string encoded(const CheckResult& result) {
  return std::to_string(static_cast<int>(result.grade)) + result.detail;
}

CheckResult decoded(const std::string& text) {
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
      return encoded(check());
    } catch (const std::exception& e) {  // from the check, the plugin or the host
      return encoded({Grade::fail, e.what()});
    }
  });
  return outcome.finished ? decoded(outcome.text)
                          : CheckResult{Grade::fail, whose + " " + outcome.text};
}

void require(bool holds, const std::string& what) {
  if (!holds) throw CheckFailed(what);
}

bool is_snake_case(const std::string& name) {
  return !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

}  // namespace tinyzero
