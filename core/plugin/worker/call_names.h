// Names of system calls, for messages about those that a task's worker must not make.
#pragma once

#include <string>

namespace tinyzero {

// "socket"; "number 999" for one that is not known here.
std::string system_call_name(long number);

}  // namespace tinyzero
