#include "core/plugin/library.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/dll/runtime_symbol_info.hpp>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <forward_list>
#include <mutex>
#include <sstream>

#include "core/base/error.h"
#include "core/base/shell_word.h"
#include "core/base/suggest.h"
#include "core/base/told_error.h"
#include "core/config/experiment.h"
#include "core/config/python_name.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

namespace fs = std::filesystem;

const char* kind_name(std::uint32_t type) {
  return type == TINYZERO_NOTE_TASK ? "task" : "algorithm";
}

std::vector<fs::path> folders_of_variable(const char* variable) {
  std::vector<fs::path> folders;
  const char* value = std::getenv(variable);
  std::istringstream names(value != nullptr ? value : "");
  for (std::string name; std::getline(names, name, ':');) {
    if (!name.empty()) folders.emplace_back(name);
  }
  return folders;
}

// The user's own plugins. Where a service starts this program, HOME may be missing, empty or a
// relative path; then there are none.
std::vector<fs::path> home_folders() {
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home != '/') return {};
  return {fs::path(home) / ".local/share/tinyzero/plugins"};
}

// The task ABI of this program, in words.
std::string host_abi() {
  return std::to_string(TINYZERO_TASK_ABI_MAJOR) + "." + std::to_string(TINYZERO_TASK_ABI_MINOR);
}

// Refuses tables that are shorter than their ABI says, which the host would read beyond their end,
// or that lack a function.
void check_tables(const fs::path& path, const tz_module& module) {
  const tz_task* task =
      module.size < sizeof module || module.tasks == nullptr ? nullptr : module.tasks[0];
  if (task != nullptr && task->size >= sizeof *task && task->id != nullptr &&
      task->create != nullptr && task->destroy != nullptr && task->draw != nullptr &&
      task->verify != nullptr && task->extension != nullptr)
    return;
  throw Failure("cannot load " + path.string() + ": its table of functions is not whole",
                "this is a fault in the task's library");
}

// The linker's message: Boost puts an error code without meaning and a colon before it.
Error linker_error(const fs::path& path, const std::string& text) {
  const std::size_t colon = text.find(": ");
  const bool is_forbidden = text.find("Permission denied") != std::string::npos;
  return Error("cannot load " + path.string() + ": " +
                   (colon == std::string::npos ? text : text.substr(colon + 2)),
               is_forbidden ? "a task can load what lies in its folder, the system's and those of "
                              "LD_LIBRARY_PATH (docs/sandbox.md)"
                            : "rebuild it against this version");
}

// Throws Error, with a hint, unless there is something at the path.
void check_exists(const fs::path& path, const std::string& hint) {
  std::error_code error;
  if (fs::exists(path, error)) return;
  throw Error("no plugin file " + path.string() + (error ? ": " + system_words(error.value()) : ""),
              path.is_absolute()
                  ? hint
                  : "it is looked for from " + fs::current_path().string() + "; " + hint);
}

constexpr const char* kWritable = " can be written by anyone: chmod o-w";

std::string folder_name(const fs::path& folder) { return "the folder " + folder.string(); }

// The owner of this program's file, who could change whatever it does.
uid_t program_owner() {
  struct stat status{};
  return ::stat("/proc/self/exe", &status) == 0 ? status.st_uid : 0;
}

}  // namespace

void* load_library_entry(const fs::path& path, const char* entry) {
  // Never unloaded: a plugin's code may run until the very end of the process.
  static std::mutex mutex;
  static auto& loaded = *new std::forward_list<boost::dll::shared_library>;  // NOLINT
  const std::lock_guard lock(mutex);
  boost::dll::shared_library* library = &loaded.emplace_front();
  try {
    library->load(fs::absolute(path),
                  boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (const std::exception& e) {
    throw linker_error(path, e.what());
  }
  if (!library->has(entry))
    throw Error("cannot load " + path.string() + ": it does not export " + entry,
                "end the source file with TINYZERO_TASK or TINYZERO_ALGORITHM");
  return reinterpret_cast<void*>(&library->get<void()>(entry));
}

void check_task_library(const fs::path& path) {
  const LibraryNote note = read_library_note(path);
  if (note.type != TINYZERO_NOTE_TASK)
    throw Error("cannot load " + path.string() + ": it is not a task",
                "tasks end with TINYZERO_TASK");
  const std::string abi = note.field("abi");
  const std::string major = abi.substr(0, abi.find('.'));
  if (major != std::to_string(TINYZERO_TASK_ABI_MAJOR)) {
    throw Error("cannot load " + path.string() + ": it is built for task ABI " + abi +
                    ", this program has " + host_abi(),
                "rebuild it with this version's SDK");
  }
}

const tz_module& load_task_module(const fs::path& path) {
  check_task_library(path);
  const auto entry = reinterpret_cast<tz_task_entry>(load_library_entry(path, TINYZERO_TASK_ENTRY));
  const tz_module* module = entry(TINYZERO_TASK_ABI_MAJOR, TINYZERO_TASK_ABI_MINOR);
  if (module == nullptr)
    throw Error("cannot load " + path.string() + ": it refuses a host of task ABI " + host_abi(),
                "use a newer tinyzero");
  if (module->abi_major != TINYZERO_TASK_ABI_MAJOR || module->n_tasks == 0) {
    throw Error("cannot load " + path.string() + ": its note says ABI " + host_abi() +
                    ", its code says " + std::to_string(module->abi_major),
                "rebuild it with this version's SDK");
  }
  check_tables(path, *module);
  return *module;
}

std::string cmake_find_argument() {
  const fs::path folder = boost::dll::program_location().parent_path().string();
  return fs::exists(folder / "tinyzeroConfig.cmake")
             ? shell_word("-Dtinyzero_DIR=" + folder.string())
             : shell_word("-DCMAKE_PREFIX_PATH=" + folder.parent_path().string());
}

std::vector<std::string> unsafe_places(const fs::path& path) {
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  std::vector<std::string> out;
  for (fs::path place = file; !error; place = place.parent_path()) {
    struct stat status{};
    if (::stat(place.c_str(), &status) != 0) break;
    const std::string name = place == file ? place.string() : folder_name(place);
    if ((status.st_mode & S_IWOTH) != 0 && (place == file || (status.st_mode & S_ISVTX) == 0))
      out.push_back(name + kWritable);
    const bool is_own =
        status.st_uid == 0 || status.st_uid == ::geteuid() || status.st_uid == program_owner();
    if (!is_own && (place == file || place == file.parent_path()))
      out.push_back(name + " belongs to another user (number " + std::to_string(status.st_uid) +
                    "), who can change it");
    if (place == place.parent_path()) break;
  }
  return out;
}

PluginCatalog PluginCatalog::scan(const std::vector<fs::path>& extra, Warn warn) {
  std::vector<fs::path> folders = extra;
  for (const fs::path& folder : folders_of_variable("TINYZERO_PLUGIN_PATH"))
    folders.push_back(folder);
  for (const fs::path& folder : home_folders()) folders.push_back(folder);
  const fs::path program = boost::dll::program_location().parent_path();
  return PluginCatalog(folders,
                       {program / "plugins", program.parent_path() / "lib/tinyzero/plugins"},
                       std::move(warn));
}

PluginCatalog::PluginCatalog(const std::vector<fs::path>& folders,
                             const std::vector<fs::path>& built_in, Warn warn)
    : warn_(std::move(warn)) {
  for (const fs::path& folder : folders) scan_folder(folder, false);
  for (const fs::path& folder : built_in) scan_folder(folder, true);
}

void PluginCatalog::scan_folder(const fs::path& folder, bool built_in) {
  std::error_code error;
  std::vector<fs::path> paths;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;  // a path that cannot be examined counts as a file
    if (entry->path().extension() == ".so" && !entry->is_directory(ignored))
      paths.push_back(entry->path());
  }
  // A folder of the search path that does not exist holds no plugins.
  if (error && error != std::errc::no_such_file_or_directory)
    add_problem("no plugins from " + folder.string() + ": " + system_words(error.value()));
  std::sort(paths.begin(), paths.end());
  struct stat status{};
  if (::stat(folder.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0)
    add_problem(folder_name(fs::weakly_canonical(folder, error)) + kWritable);
  for (const fs::path& path : paths) add_file(path, built_in);
}

void PluginCatalog::add_file(const fs::path& path, bool built_in) {
  try {
    files_.push_back({path, read_library_note(path), built_in});
  } catch (const Error& e) {
    return add_problem(e.what());
  }
  for (const std::string& place : unsafe_places(path)) add_problem(place);
}

void PluginCatalog::add_problem(const std::string& problem) {
  if (report(problem)) problems_.push_back(problem);
}

bool PluginCatalog::report(const std::string& problem) const {
  if (std::find(reported_.begin(), reported_.end(), problem) != reported_.end()) return false;
  reported_.push_back(problem);
  if (warn_) warn_(problem);
  return true;
}

std::vector<PluginFile> PluginCatalog::of_type(std::uint32_t type) const {
  std::vector<PluginFile> found;
  for (const PluginFile& file : files_) {
    if (file.note.type == type) found.push_back(file);
  }
  return found;
}

PluginFile PluginCatalog::find_path(const std::string& name) const {
  check_exists(name, "is it built?");
  std::error_code error;
  for (const PluginFile& file : files_) {
    if (fs::equivalent(file.path, name, error)) return file;
  }
  PluginFile file{name, read_library_note(name)};
  for (const std::string& place : unsafe_places(name)) report(place);
  return file;
}

PluginFile PluginCatalog::find_python(const std::string& name) const {
  constexpr const char* kHint = "a task in Python is FILE.py or FILE.py:CLASS";
  const fs::path path = python_name(name)->file;
  if (path.empty()) return {.path = {}, .note = {}, .built_in = false, .python = name};
  check_exists(path, kHint);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw Error(path.string() + " is not a file", kHint);
  for (const std::string& place : unsafe_places(path)) report(place);
  return {.path = path,
          .note = {},
          .built_in = false,
          .python = fs::absolute(name).lexically_normal().string()};
}

PluginFile PluginCatalog::find(std::uint32_t type, const std::string& name) const {
  if (type == TINYZERO_NOTE_TASK && python_name(name)) return find_python(name);
  if (is_plugin_path(name)) return find_path(name);
  std::vector<PluginFile> matches;
  std::vector<std::string> known;
  for (const PluginFile& file : of_type(type)) {
    known.push_back(file.note.field("id"));
    if (file.note.field("id") == name) matches.push_back(file);
  }
  if (matches.empty()) {
    std::error_code ignored;
    throw Error("no " + std::string(kind_name(type)) + " \"" + name + "\"",
                fs::exists(name, ignored)
                    ? "to use a file, give the path of the .so that its build made"
                    : suggestion(name, known));
  }
  if (matches.size() > 1) {
    throw Error(std::string(kind_name(type)) + " \"" + name + "\" is found twice: " +
                    matches[0].path.string() + " and " + matches[1].path.string(),
                "remove one, or give the path of the file");
  }
  return matches[0];
}

}  // namespace tinyzero
