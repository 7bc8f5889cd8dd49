// Finds plugin libraries and loads them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/plugin/elf.h"
#include "tinyzero/task_abi.h"

namespace tinyzero {

// Loads a library that read_library_note has accepted and returns its function `entry`. All symbols
// are resolved at once, and none is visible to other libraries. The library stays loaded for the
// life of the process, because unloading is unreliable. Throws Error with the linker's message.
void* load_library_entry(const std::filesystem::path& path, const char* entry);

// Checks without running it that a file is a complete library of a task of this ABI. Throws Error
// naming the file and the cause.
void check_task_library(const std::filesystem::path& path);

// Checks and loads a task library. Throws Error naming the file and the cause.
const tz_module& load_task_module(const std::filesystem::path& path);

// The CMake argument that locates this program's SDK: in its build folder, or under the prefix
// where it is installed.
std::string cmake_find_argument();

// A plugin that was found but not loaded.
struct PluginFile {
  std::filesystem::path path;
  LibraryNote note;
  bool built_in = false;  // came with the program
  // How `use` names a task in Python, which has no note (core/config/python_name.h). The path is
  // empty for a generator of a package. Empty: a library.
  std::string python = {};
};

// The plugins in the search path. A file that cannot be a plugin, or that others could change,
// becomes a reported problem; the scan continues.
class PluginCatalog {
 public:
  // Called once for each problem, during a scan or when a plugin is found by its path.
  using Warn = std::function<void(const std::string&)>;

  // Scans folders in order: `extra` (the command line's), those of the variable
  // TINYZERO_PLUGIN_PATH (separated by ':'), the user's
  // (~/.local/share/tinyzero/plugins, if HOME is an absolute path), the ones installed with the
  // program. Empty names in a list are skipped: they do not mean the current folder.
  static PluginCatalog scan(const std::vector<std::filesystem::path>& extra, Warn warn = {});

  // Scans only these folders: first third-party ones, then those of the program.
  explicit PluginCatalog(const std::vector<std::filesystem::path>& built_in)
      : PluginCatalog({}, built_in) {}
  PluginCatalog(const std::vector<std::filesystem::path>& folders,
                const std::vector<std::filesystem::path>& built_in, Warn warn = {});

  std::vector<PluginFile> of_type(std::uint32_t type) const;
  const std::vector<std::string>& problems() const { return problems_; }

  // The plugin of that id, the file if `name` is a path, or the task that `name` is in Python.
  // Throws Error if the name is unknown (with the nearest name) or found twice (with both paths).
  PluginFile find(std::uint32_t type, const std::string& name) const;

 private:
  void scan_folder(const std::filesystem::path& folder, bool built_in);
  void add_file(const std::filesystem::path& path, bool built_in);
  PluginFile find_path(const std::string& name) const;
  PluginFile find_python(const std::string& name) const;
  void add_problem(const std::string& problem);
  // Reports a problem to `warn_`, once. Returns whether it was new.
  bool report(const std::string& problem) const;

  std::vector<PluginFile> files_;
  std::vector<std::string> problems_;
  Warn warn_;
  mutable std::vector<std::string> reported_;
};

// Ways for others to change the code of a plugin: a line for the file and for each folder above it
// that everybody may write to, and for the file and its folder if they belong neither to root, nor
// to this user, nor to the owner of this program. A folder with the sticky bit (such as /tmp) is
// safe.
std::vector<std::string> unsafe_places(const std::filesystem::path& path);

}  // namespace tinyzero
