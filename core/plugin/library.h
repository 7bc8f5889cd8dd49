// Loading plugin libraries, and finding them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/plugin/elf.h"
#include "tinyzero/task_abi.h"

namespace tinyzero {

// Loads a library that read_library_note has accepted (all symbols at once, none visible to others) and returns its function
// `entry`. The library stays loaded for the life of the process: unloading one is unreliable. Throws Error with the linker's words.
void* load_library_entry(const std::filesystem::path& path, const char* entry);

// Checks a task library without running it: a whole file, a task, of this ABI. Throws Error naming the file and the cause.
void check_task_library(const std::filesystem::path& path);

// Checks and loads a task library. Throws Error naming the file and the cause.
const tz_module& load_task_module(const std::filesystem::path& path);

// What tells CMake where this program's SDK is: its build folder, or the prefix it is installed under.
std::string cmake_find_argument();

// A plugin that was found, not loaded.
struct PluginFile {
  std::filesystem::path path;
  LibraryNote note;
  bool built_in = false;  // came with the program
};

// The plugins in the search path. A file that cannot be one is a line of `problems`, not a failed scan.
class PluginCatalog {
 public:
  // Scans folders in order: `extra` (the command line's), those of the variable TINYZERO_PLUGIN_PATH (separated by ':'), the user's
  // (~/.local/share/tinyzero/plugins), the ones installed with the program.
  static PluginCatalog scan(const std::vector<std::filesystem::path>& extra);

  // Scans these folders only: first those of anybody, then those of the program.
  explicit PluginCatalog(const std::vector<std::filesystem::path>& built_in) : PluginCatalog({}, built_in) {}
  PluginCatalog(const std::vector<std::filesystem::path>& folders, const std::vector<std::filesystem::path>& built_in);

  std::vector<PluginFile> of_type(std::uint32_t type) const;
  const std::vector<std::string>& problems() const { return problems_; }

  // The plugin of that id, or the file at that path if `name` is one. Throws Error: unknown (with the nearest name), or found twice (with
  // both paths).
  PluginFile find(std::uint32_t type, const std::string& name) const;

 private:
  void scan_folder(const std::filesystem::path& folder, bool built_in);

  std::vector<PluginFile> files_;
  std::vector<std::string> problems_;
};

}  // namespace tinyzero
