// Restricts which files a worker may read, with Landlock.
#pragma once

#include <filesystem>
#include <vector>

namespace tinyzero {

// After this call the process and its threads can open for reading: system files that loading a
// library needs, the folders of LD_LIBRARY_PATH, `readable`, and what belongs to the process
// itself. They cannot open anything else, including /proc of other processes and devices, and
// cannot write, create or remove anything. Requires PR_SET_NO_NEW_PRIVS. Returns false and changes
// nothing on a kernel without Landlock.
bool allow_reading_only(const std::vector<std::filesystem::path>& readable);

}  // namespace tinyzero
