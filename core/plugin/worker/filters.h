// The filters of a worker's system calls: two for libraries, one after the other, and one for an
// interpreter.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace tinyzero {

// Allows what loading a library, its constructors and `create` may do. It allows one call of
// seccomp(): the one that installs the filter at `next_filter` for all threads. That address is in
// the lowest 4 GiB, where no call may change a mapping.
std::vector<sock_filter> loading_filter(std::uint32_t next_filter);

// Allows what computing may do.
std::vector<sock_filter> computing_filter();

struct InterpreterRights {
  bool network = false;          // sockets of the Internet protocols
  bool processes = false;        // starting programs, and signals to them
  bool files_are_ruled = false;  // Landlock decides what is written; otherwise nothing is
};

// Allows what an interpreter does that imports modules at any time and has timers, pipes and an
// event loop of its own. Other calls fail with EPERM, which becomes an exception. `worker` is the
// process that will be held to it.
std::vector<sock_filter> interpreter_filter(pid_t worker, const InterpreterRights& rights);

}  // namespace tinyzero
