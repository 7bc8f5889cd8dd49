// Names of system calls, for messages about calls that a task's worker must not make.
#pragma once

#include <string>

namespace tinyzero {

// "socket"; "number 999" for a call that is not in the list.
std::string system_call_name(long number);

}  // namespace tinyzero
