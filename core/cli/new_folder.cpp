#include "core/cli/new_folder.h"

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
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/plugin/library.h"

namespace tinyzero {
namespace {

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

// Throws Error if a plugin of this kind has the name already.
void check_unused(const GlobalOptions& global, const std::string& name, const NewPluginKind& kind) {
  for (const PluginFile& file : scan_plugins(global).of_type(*kind.note)) {
    if (file.note.field("id") == name)
      throw Error(
          std::string("there is ") + kind.name + " \"" + name + "\" already: " + file.path.string(),
          "choose another name");
  }
}

std::string filled(const char* text, const std::string& name) {
  const std::string program = boost::dll::program_location().string();
  return replaced(replaced(replaced(text, "@NAME@", name), "@FIND@", cmake_find_argument()),
                  "@PROGRAM@", shell_word(program));
}

void write_files(const fs::path& folder, const std::string& name,
                 std::span<const TemplateFile> files) {
  for (const TemplateFile& file : files)
    write_file_synced(folder / filled(file.name, name), filled(file.text, name));
}

}  // namespace

void check_plugin_name(const std::string& name, const std::string& kind) {
  const bool good = !name.empty() && name[0] >= 'a' && name[0] <= 'z' &&
                    std::all_of(name.begin(), name.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                    });
  if (!good)
    throw Error("\"" + name + "\" cannot name " + kind,
                "use small letters, digits and _, beginning with a letter");
  if (std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end())
    throw Error("\"" + name + "\" cannot name " + kind + ": CMake keeps it for a target of its own",
                "choose another name");
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size())
    text.replace(at, word.size(), by);
  return text;
}

int write_new_folder(const GlobalOptions& global, const std::string& name,
                     const NewPluginKind& kind) {
  check_plugin_name(name, kind.name);
  if (kind.note) check_unused(global, name, kind);
  const fs::path folder = name;
  if (fs::exists(fs::symlink_status(folder)))
    throw Error("cannot make " + folder.string() + ": it exists",
                "choose another name, or run this in another folder");
  std::string pattern = "." + name + ".XXXXXX";  // becomes visible when it is whole
  if (::mkdtemp(pattern.data()) == nullptr || ::chmod(pattern.c_str(), 0755) != 0)
    throw Error("cannot make " + folder.string() + ": " + system_words(errno),
                "go to a folder that you can write to");
  const fs::path hidden = pattern;
  try {
    write_files(hidden, name, kind.files);
    fs::rename(hidden, folder);
  } catch (const std::exception&) {
    std::error_code ignored;
    fs::remove_all(hidden, ignored);
    throw;
  }
  print("{0}/ holds {1} that works: {2}. {3}\n{0}/README.md continues from there.\n", name,
        kind.name, filled(kind.files.front().name, name), filled(kind.next, name));
  return 0;
}

}  // namespace tinyzero
