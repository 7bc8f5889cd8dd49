// The two filters of system calls of a worker.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace tinyzero {

// What loading a library, its constructors and `create` may do. Allows one call of seccomp(): the
// one that installs, for all threads, the program at `next_filter`, which lies in the lowest 4 GiB;
// no call may change what is mapped there.
std::vector<sock_filter> loading_filter(std::uint32_t next_filter);

// What computing may do.
std::vector<sock_filter> computing_filter();

}  // namespace tinyzero
