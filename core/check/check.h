// The frame of the checks that anyone can run on a plugin: `tinyzero task check` and
// `tinyzero algorithm check`.
//
// Each check runs in a separate process with a time limit, so that a plugin that crashes or hangs
// fails that check and no other.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace tinyzero {

enum class Grade { pass, warn, fail, skip };

const char* grade_name(Grade grade);

struct CheckResult {
  Grade grade = Grade::pass;
  std::string detail;  // the finding, on one line
};

// Thrown by a check at the first fault.
class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws CheckFailed with `what` unless `holds`.
void require(bool holds, const std::string& what);

bool is_snake_case(const std::string& name);

// Runs a check in a separate process for at most `seconds`. Whatever the check throws is a fault,
// and so is the end of its process. `whose` names for the report what ran there: "the algorithm's
// code".
CheckResult run_check_forked(const std::string& whose, double seconds,
                             const std::function<CheckResult()>& check);

}  // namespace tinyzero
