#include "core/plugin/worker/library_code.h"

#include <unistd.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/plugin/library.h"
#include "core/plugin/worker/own_files.h"
#include "core/plugin/worker/sandbox.h"
#include "tinyzero/ascii.h"

namespace tinyzero {
namespace {

// The program of a worker: TINYZERO_WORKER, or tinyzero-worker next to this program.
std::string worker_program() {
  const char* named = std::getenv("TINYZERO_WORKER");
  return named != nullptr && *named != '\0'
             ? named
             : (boost::dll::program_location().parent_path() / "tinyzero-worker").string();
}

// Whether a message names a file. Then its cause may be that the task may not read that file.
bool names_path(std::string_view text) {
  const std::size_t at = text.find(" /");
  return at != std::string_view::npos && at + 2 < text.size() && is_ascii_letter(text[at + 2]);
}

}  // namespace

LibraryCode::LibraryCode(fs::path library) : library_(std::move(library)) {
  check_task_library(library_);
}

// tinyzero-worker LIBRARY MEMORY HOST READABLE…
std::vector<std::string> LibraryCode::command(const WorkerSetup& setup) const {
  const std::vector<fs::path> own = own_files(library_);
  std::vector<std::string> out = {worker_program(), own.front().string(),
                                  std::to_string(setup.memory), std::to_string(::getpid())};
  for (const fs::path& path : own) out.push_back(path.string());
  for (const fs::path& path : setup.readable) out.push_back(fs::absolute(path).string());
  return out;
}

std::vector<std::string> LibraryCode::environment(const WorkerSetup& setup) const {
  std::vector<std::string> out = setup.variables;
  if (const std::string path = own_folders(std::getenv("LD_LIBRARY_PATH")); !path.empty())
    out.push_back("LD_LIBRARY_PATH=" + path);
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"}) {
    const char* value = std::getenv(name);
    if (kSanitized && value != nullptr) out.push_back(std::string(name) + "=" + value);
  }
  return out;
}

std::string LibraryCode::start_hint() const {
  return "it is built with the program; task.in_process: true works without it";
}

std::string LibraryCode::create_hint(const Error& error) const {
  if (names_path(error.what()))
    return "a task can read what lies in the folder of its library, and files that its settings "
           "name (docs/sandbox.md)";
  return "`tinyzero task show " + shell_word(use()) + "` explains its settings";
}

}  // namespace tinyzero
