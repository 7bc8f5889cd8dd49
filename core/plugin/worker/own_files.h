// Which files of the user's are a task's own, so that its worker may read them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tinyzero {

// The path without symbolic links, as far as it exists.
std::filesystem::path real_path(const std::filesystem::path& path);

// The file itself, and its folder unless that holds more than a task's own files: the root, a
// folder above the user's home, or one that everybody may write to.
std::vector<std::filesystem::path> own_files(const std::filesystem::path& file);

// Whether a folder holds more than a task's own files. The path has no symbolic links.
bool is_shared_folder(const std::filesystem::path& folder);

// Of these folders, separated by ':', those that a task may read. Left out are those that depend on
// the working folder (an empty name means that folder) and shared ones.
std::string own_folders(const char* folders);

}  // namespace tinyzero
