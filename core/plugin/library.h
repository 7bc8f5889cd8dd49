// Loading plugin libraries, and finding them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/plugin/elf.h"
#include "tinyzero/task_abi.h"

namespace tinyzero {

// Loads a library that read_library_note has accepted (all symbols at once, none visible to others)
// and returns its function `entry`. The library stays loaded for the life of the process: unloading
// one is unreliable. Throws Error with the linker's words.
void* load_library_entry(const std::filesystem::path& path, const char* entry);

// Checks a task library without running it: a whole file, a task, of this ABI. Throws Error naming
// the file and the cause.
void check_task_library(const std::filesystem::path& path);

// Checks and loads a task library. Throws Error naming the file and the cause.
const tz_module& load_task_module(const std::filesystem::path& path);

// What tells CMake where this program's SDK is: its build folder, or the prefix it is installed
// under.
std::string cmake_find_argument();

// A plugin that was found, not loaded.
struct PluginFile {
  std::filesystem::path path;
  LibraryNote note;
  bool built_in = false;  // came with the program
};

// The plugins in the search path. A file that cannot be one, or that others could change, is a
// problem, not a failed scan.
class PluginCatalog {
 public:
  // Is told of each problem once, when it is found: in a scan, or when a plugin is found by its
  // path.
  using Warn = std::function<void(const std::string&)>;

  // Scans folders in order: `extra` (the command line's), those of the variable
  // TINYZERO_PLUGIN_PATH (separated by ':'), the user's
  // (~/.local/share/tinyzero/plugins, if HOME is a whole path), the ones installed with the
  // program. An empty name in a list is none: it does not stand for the current folder.
  static PluginCatalog scan(const std::vector<std::filesystem::path>& extra, Warn warn = {});

  // Scans these folders only: first those of anybody, then those of the program.
  explicit PluginCatalog(const std::vector<std::filesystem::path>& built_in)
      : PluginCatalog({}, built_in) {}
  PluginCatalog(const std::vector<std::filesystem::path>& folders,
                const std::vector<std::filesystem::path>& built_in, Warn warn = {});

  std::vector<PluginFile> of_type(std::uint32_t type) const;
  const std::vector<std::string>& problems() const { return problems_; }

  // The plugin of that id, or the file at that path if `name` is one. Throws Error: unknown (with
  // the nearest name), or found twice (with both paths).
  PluginFile find(std::uint32_t type, const std::string& name) const;

 private:
  void scan_folder(const std::filesystem::path& folder, bool built_in);
  void add_file(const std::filesystem::path& path, bool built_in);
  PluginFile find_path(const std::string& name) const;
  void add_problem(const std::string& problem);
  // Tells of a problem, unless that has been done; whether it was new.
  bool tell(const std::string& problem) const;

  std::vector<PluginFile> files_;
  std::vector<std::string> problems_;
  Warn warn_;
  mutable std::vector<std::string> told_;
};

// Who could change the code of a plugin: a line for each file or folder on its way that everybody
// may write to, and for the file and its folder if they belong neither to root nor to this user nor
// to whoever owns this program. In a folder that everybody may add to, but not change (as /tmp), a
// file is safe.
std::vector<std::string> unsafe_places(const std::filesystem::path& path);

}  // namespace tinyzero
