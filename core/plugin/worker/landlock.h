// Which files a worker may read, by Landlock.
#pragma once

#include <filesystem>
#include <vector>

namespace tinyzero {

// From here on this process and its threads can open for reading: what loading a library takes of
// the system, what LD_LIBRARY_PATH names, `readable`, and what belongs to the process itself.
// Everything else, /proc of other processes and devices included, cannot be opened; nothing can be
// written, made or removed. Returns false where the kernel has no Landlock, and then changes
// nothing. Takes PR_SET_NO_NEW_PRIVS.
bool allow_reading_only(const std::vector<std::filesystem::path>& readable);

}  // namespace tinyzero
