// What a worker may not do. Limits hold from its start; the filter of system calls begins when the task has been created, so that a task
// may load what it needs and from then on can only compute.
#pragma once

#include <cstdint>

namespace tinyzero {

// Memory in bytes beside what the process has mapped; no core files, nothing written to files. Throws Failure.
void limit_process(std::uint64_t memory);

// From here on a system call that computing does not need ends the process; its number goes to `forbidden_call`. Throws Failure where the
// kernel has no seccomp. Without effect under sanitizers, which make calls of their own.
void forbid_system_calls(volatile std::int32_t* forbidden_call);

}  // namespace tinyzero
