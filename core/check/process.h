// Runs a function in a separate process.
#pragma once

#include <functional>
#include <string>

namespace tinyzero {

struct ProcessOutcome {
  bool finished = false;  // the function returned
  std::string text;       // its result; if not finished, what it threw or how the process ended
};

// Forks and runs `work` in the child, for at most `seconds`. The child's standard output is
// discarded.
ProcessOutcome run_forked(double seconds, const std::function<std::string()>& work);

}  // namespace tinyzero
