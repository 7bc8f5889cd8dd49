// A secret in the environment, as an API key is.
#pragma once

#include <string>

namespace tinyzero {

// Takes a variable's value out of the environment: programs started from here do not inherit it,
// and the memory in which it stood, which /proc/PID/environ shows to other processes of the user,
// is overwritten. Empty if there is none. While there is one thread.
std::string take_secret(const std::string& variable);

}  // namespace tinyzero
