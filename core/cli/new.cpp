// task new · algorithm new: a folder with a plugin that builds, passes its checks and trains as it
// stands.

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <boost/dll/runtime_symbol_info.hpp>
#include <cerrno>
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/shell_word.h"
#include "core/base/told_error.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/templates.h"
#include "core/plugin/library.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

// What the two kinds of plugins differ in.
struct Kind {
  const char* name;  // "a task"
  std::uint32_t note;
  Template files;
};
constexpr Kind kTask{"a task", TINYZERO_NOTE_TASK, kTaskTemplate};
constexpr Kind kAlgorithm{"an algorithm", TINYZERO_NOTE_ALGORITHM, kAlgorithmTemplate};

// Names of targets that CMake, LibTorch and tinyzero define themselves.
constexpr std::array kReserved{"all",
                               "clean",
                               "depend",
                               "edit_cache",
                               "help",
                               "install",
                               "package",
                               "rebuild_cache",
                               "test",
                               "torch",
                               "torch_cpu",
                               "torch_cuda",
                               "torch_library",
                               "c10",
                               "c10_cuda",
                               "tinyzero_sdk",
                               "tinyzero_torch",
                               "tinyzero_algorithm_sdk"};

void check_name(const GlobalOptions& global, const std::string& name, const Kind& kind) {
  const bool good = !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                    });
  if (!good)
    throw Error("\"" + name + "\" cannot name " + kind.name,
                "use small letters, digits and _, beginning with a letter");
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
    throw Error(
        "\"" + name + "\" cannot name " + kind.name + ": CMake keeps it for a target of its own",
        "choose another name");
  for (const PluginFile& file : scan_plugins(global).of_type(kind.note)) {
    if (file.note.field("id") == name)
      throw Error(
          std::string("there is ") + kind.name + " \"" + name + "\" already: " + file.path.string(),
          "choose another name");
  }
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size())
    text.replace(at, word.size(), by);
  return text;
}

int write_folder(const GlobalOptions& global, const std::string& name, const Kind& kind) {
  check_name(global, name, kind);
  const fs::path folder = name;
  if (fs::exists(fs::symlink_status(folder)))
    throw Error("cannot make " + folder.string() + ": it exists",
                "choose another name, or another folder to be in");
  const std::string program = boost::dll::program_location().string();
  const auto filled = [&](const char* text) {
    return replaced(replaced(replaced(text, "@NAME@", name), "@FIND@", cmake_find_argument()),
                    "@PROGRAM@", shell_word(program));
  };
  std::string pattern = "." + name + ".XXXXXX";  // becomes visible when it is whole
  if (::mkdtemp(pattern.data()) == nullptr || ::chmod(pattern.c_str(), 0755) != 0)
    throw Error("cannot make " + folder.string() + ": " + system_words(errno),
                "go to a folder that you can write to");
  const fs::path hidden = pattern;
  try {
    write_file_synced(hidden / (name + ".cpp"), filled(kind.files.source));
    write_file_synced(hidden / (name + "_test.cpp"), filled(kind.files.test));
    write_file_synced(hidden / "CMakeLists.txt", filled(kind.files.cmake));
    write_file_synced(hidden / (name + ".yaml"), filled(kind.files.experiment));
    write_file_synced(hidden / "README.md", filled(kind.files.readme));
    fs::rename(hidden, folder);
  } catch (const std::exception&) {
    std::error_code ignored;
    fs::remove_all(hidden, ignored);
    throw;
  }
  print(
      "{0}/ holds {1} that works: {0}.cpp. Build and check it:\n\n  cd {0}\n  cmake -B build {2}\n "
      " cmake --build build\n"
      "  ctest --test-dir build --output-on-failure\n\nREADME.md goes on from there.\n",
      name, kind.name, cmake_find_argument());
  return 0;
}

}  // namespace

int task_new_command(const GlobalOptions& global, const NewOptions& options) {
  return write_folder(global, options.name, kTask);
}
int algorithm_new_command(const GlobalOptions& global, const NewOptions& options) {
  return write_folder(global, options.name, kAlgorithm);
}

}  // namespace tinyzero
