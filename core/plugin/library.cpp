#include "core/plugin/library.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <forward_list>
#include <mutex>
#include <sstream>

#include "core/base/error.h"
#include "core/base/suggest.h"
#include "core/config/experiment.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

namespace fs = std::filesystem;

const char* kind_name(std::uint32_t type) { return type == TINYZERO_NOTE_TASK ? "task" : "algorithm"; }

std::vector<fs::path> folders_of_variable(const char* variable) {
  std::vector<fs::path> folders;
  const char* value = std::getenv(variable);
  std::istringstream names(value != nullptr ? value : "");
  for (std::string name; std::getline(names, name, ':');) {
    if (!name.empty()) folders.emplace_back(name);
  }
  return folders;
}

}  // namespace

void* load_library_entry(const fs::path& path, const char* entry) {
  // Never unloaded: code of a plugin may run until the very end of the process.
  static std::mutex mutex;
  static auto& kept = *new std::forward_list<boost::dll::shared_library>;  // NOLINT
  const std::lock_guard lock(mutex);
  boost::dll::shared_library* library = &kept.emplace_front();
  try {
    library->load(fs::absolute(path), boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& e) {
    const std::string text = e.what();  // Boost's error code says nothing; the linker's own words follow the colon
    const std::size_t colon = text.find(": ");
    throw Error("cannot load " + path.string() + ": " + (colon == std::string::npos ? text : text.substr(colon + 2)),
                "rebuild it against this version");
  }
  if (!library->has(entry))
    throw Error("cannot load " + path.string() + ": it does not export " + entry,
                "end the source file with TINYZERO_TASK or TINYZERO_ALGORITHM");
  return reinterpret_cast<void*>(&library->get<void()>(entry));
}

namespace {

// The task ABI of this program, in words.
std::string host_abi() { return std::to_string(TINYZERO_TASK_ABI_MAJOR) + "." + std::to_string(TINYZERO_TASK_ABI_MINOR); }

}  // namespace

void check_task_library(const fs::path& path) {
  const LibraryNote note = read_library_note(path);
  if (note.type != TINYZERO_NOTE_TASK) throw Error("cannot load " + path.string() + ": it is not a task", "tasks end with TINYZERO_TASK");
  const std::string abi = note.field("abi"), major = abi.substr(0, abi.find('.'));
  if (major != std::to_string(TINYZERO_TASK_ABI_MAJOR)) {
    throw Error("cannot load " + path.string() + ": it is built for task ABI " + abi + ", this program has " + host_abi(),
                "rebuild it with this version's SDK");
  }
}

const tz_module& load_task_module(const fs::path& path) {
  check_task_library(path);
  const auto entry = reinterpret_cast<tz_task_entry>(load_library_entry(path, TINYZERO_TASK_ENTRY));
  const tz_module* module = entry(TINYZERO_TASK_ABI_MAJOR, TINYZERO_TASK_ABI_MINOR);
  if (module == nullptr)
    throw Error("cannot load " + path.string() + ": it refuses a host of task ABI " + host_abi(), "use a newer tinyzero");
  if (module->abi_major != TINYZERO_TASK_ABI_MAJOR || module->n_tasks == 0) {
    throw Error(
        "cannot load " + path.string() + ": its note says ABI " + host_abi() + ", its code says " + std::to_string(module->abi_major),
        "rebuild it with this version's SDK");
  }
  return *module;
}

std::string cmake_find_argument() {
  const fs::path folder = boost::dll::program_location().parent_path().string();
  return fs::exists(folder / "tinyzeroConfig.cmake") ? "-Dtinyzero_DIR=" + folder.string()
                                                     : "-DCMAKE_PREFIX_PATH=" + folder.parent_path().string();
}

PluginCatalog PluginCatalog::scan(const std::vector<fs::path>& extra) {
  std::vector<fs::path> folders = extra;
  for (const fs::path& folder : folders_of_variable("TINYZERO_PLUGIN_PATH")) folders.push_back(folder);
  if (const char* home = std::getenv("HOME")) folders.push_back(fs::path(home) / ".local/share/tinyzero/plugins");
  const fs::path program = boost::dll::program_location().parent_path();
  return PluginCatalog(folders, {program / "plugins", program.parent_path() / "lib/tinyzero/plugins"});
}

PluginCatalog::PluginCatalog(const std::vector<fs::path>& folders, const std::vector<fs::path>& built_in) {
  for (const fs::path& folder : folders) scan_folder(folder, false);
  for (const fs::path& folder : built_in) scan_folder(folder, true);
}

void PluginCatalog::scan_folder(const fs::path& folder, bool built_in) {
  std::error_code ignored;  // a folder of the search path that does not exist holds no plugins
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".so" && entry.is_regular_file(ignored)) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  for (const fs::path& path : paths) {
    try {
      files_.push_back({path, read_library_note(path), built_in});
      struct stat status {};
      if (::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0)
        problems_.push_back(path.string() + " can be written by anyone: chmod o-w");
    } catch (const Error& e) {
      problems_.emplace_back(e.what());
    }
  }
}

std::vector<PluginFile> PluginCatalog::of_type(std::uint32_t type) const {
  std::vector<PluginFile> found;
  for (const PluginFile& file : files_) {
    if (file.note.type == type) found.push_back(file);
  }
  return found;
}

PluginFile PluginCatalog::find(std::uint32_t type, const std::string& name) const {
  if (is_plugin_path(name)) {
    if (!fs::exists(name))
      throw Error("no plugin file " + name, fs::path(name).is_absolute()
                                                ? "is it built?"
                                                : "it is looked for from " + fs::current_path().string() + "; is it built?");
    for (const PluginFile& file : files_) {
      if (std::error_code ignored; fs::equivalent(file.path, name, ignored)) return file;
    }
    return {name, read_library_note(name)};
  }
  std::vector<PluginFile> matches;
  std::vector<std::string> known;
  for (const PluginFile& file : of_type(type)) {
    known.push_back(file.note.field("id"));
    if (file.note.field("id") == name) matches.push_back(file);
  }
  if (matches.empty()) {
    throw Error("no " + std::string(kind_name(type)) + " \"" + name + "\"",
                fs::exists(name) ? "to use a file, give the path of the .so that its build made" : suggestion(name, known));
  }
  if (matches.size() > 1) {
    throw Error(
        std::string(kind_name(type)) + " \"" + name + "\" is found twice: " + matches[0].path.string() + " and " + matches[1].path.string(),
        "remove one, or give the path of the file");
  }
  return matches[0];
}

}  // namespace tinyzero
