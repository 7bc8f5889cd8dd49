// Restricts which files a worker may read, with Landlock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace tinyzero {

// The rights that this kernel's Landlock knows, as bits; 0 without Landlock.
std::uint64_t landlock_rights();

// System files that loading a library, locales, time zones and counting processors read. Paths in
// /proc/self are of whoever opens them.
std::vector<std::string> system_files();

// After this call the process and its threads can open for reading: system files that loading a
// library needs, the folders of LD_LIBRARY_PATH, `readable`, and what belongs to the process
// itself. They cannot open anything else, including /proc of other processes and devices, and
// cannot write, create or remove anything. Requires PR_SET_NO_NEW_PRIVS. Returns false and changes
// nothing on a kernel without Landlock.
bool allow_reading_only(const std::vector<std::filesystem::path>& readable);

}  // namespace tinyzero
