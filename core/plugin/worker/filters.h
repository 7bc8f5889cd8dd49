// The two filters of a worker's system calls.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

namespace tinyzero {

// Allows what loading a library, its constructors and `create` may do. It allows one call of
// seccomp(): the one that installs the filter at `next_filter` for all threads. That address is in
// the lowest 4 GiB, where no call may change a mapping.
std::vector<sock_filter> loading_filter(std::uint32_t next_filter);

// Allows what computing may do.
std::vector<sock_filter> computing_filter();

}  // namespace tinyzero
