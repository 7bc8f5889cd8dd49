// task new: a folder with a task that builds, passes its checks and trains as it stands.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/dll/runtime_symbol_info.hpp>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cli/options.h"
#include "core/cli/templates.h"
#include "core/plugin/library.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

// Names that CMake keeps for targets of its own.
constexpr std::array kReserved{"all", "clean", "depend", "edit_cache", "help", "install", "package", "rebuild_cache", "test"};

void check_name(const GlobalOptions& global, const std::string& name) {
  const bool good = !name.empty() && name[0] >= 'a' && name[0] <= 'z' && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!good) throw Error("\"" + name + "\" cannot name a task", "use small letters, digits and _, beginning with a letter");
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
    throw Error("\"" + name + "\" cannot name a task: CMake keeps it for a target of its own", "choose another name");
  for (const PluginFile& file : PluginCatalog::scan(global.plugin_folders).of_type(TINYZERO_NOTE_TASK)) {
    if (file.note.field("id") == name)
      throw Error("there is a task \"" + name + "\" already: " + file.path.string(), "choose another name");
  }
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size()) text.replace(at, word.size(), by);
  return text;
}

// How CMake finds this installation: its build folder, or the prefix it is installed under.
std::string find_argument(const fs::path& program) {
  const fs::path folder = program.parent_path();
  return fs::exists(folder / "tinyzeroConfig.cmake") ? "-Dtinyzero_DIR=" + folder.string()
                                                     : "-DCMAKE_PREFIX_PATH=" + folder.parent_path().string();
}

}  // namespace

int task_new_command(const GlobalOptions& global, const TaskNewOptions& options) {
  check_name(global, options.name);
  const fs::path folder = options.name;
  if (fs::exists(folder)) throw Error("cannot make " + folder.string() + ": it exists", "choose another name, or another folder to be in");
  const fs::path program = boost::dll::program_location().string();
  const auto filled = [&](const char* text) {
    return replaced(replaced(replaced(text, "@NAME@", options.name), "@FIND@", find_argument(program)), "@PROGRAM@", program.string());
  };
  const fs::path hidden = "." + options.name + ".new";  // becomes visible when it is whole
  fs::remove_all(hidden);
  if (std::error_code error; !fs::create_directory(hidden, error))
    throw Error("cannot make " + folder.string() + ": " + error.message(), "go to a folder that you can write to");
  for (const auto& [name, text] : {std::pair(options.name + ".cpp", kTaskSource), std::pair(options.name + "_test.cpp", kTaskTest),
                                   std::pair(std::string("CMakeLists.txt"), kTaskCMake), std::pair(options.name + ".yaml", kTaskExperiment),
                                   std::pair(std::string("README.md"), kTaskReadme)}) {
    write_file_synced(hidden / name, filled(text));
  }
  fs::rename(hidden, folder);
  fmt::print(
      "{0}/ holds a task that works: {0}.cpp. Build and check it:\n\n  cd {0}\n  cmake -B build {1}\n  cmake --build build\n"
      "  ctest --test-dir build --output-on-failure\n\nREADME.md goes on from there.\n",
      options.name, find_argument(program));
  return 0;
}

}  // namespace tinyzero
