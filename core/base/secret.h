// Secrets in the environment, such as API keys.
#pragma once

#include <string>

namespace tinyzero {

// Removes a variable from the environment and returns its value; empty if it is not set. Programs
// started later do not inherit it, and its memory, which /proc/PID/environ shows to the user's
// other processes, is overwritten. Call it while there is only one thread.
std::string take_secret(const std::string& variable);

}  // namespace tinyzero
