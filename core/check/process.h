// Running something in a process of its own.
#pragma once

#include <functional>
#include <string>

namespace tinyzero {

struct ProcessOutcome {
  bool finished =
      false;  // it returned, and `text` is what; else `text` says what was thrown, or how it ended
  std::string text;
};

// Forks, runs `work` in the child and returns what it returns, or the words of what it throws. Ends
// the child after `seconds`. What the child writes to standard output is lost.
ProcessOutcome run_forked(double seconds, const std::function<std::string()>& work);

}  // namespace tinyzero
