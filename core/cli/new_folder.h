// A folder that works without a change, to change into another: `task new` and `algorithm new`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/cli/commands.h"

namespace tinyzero {

// A file of sdk/template. In its name and text, @NAME@, @FIND@ and @PROGRAM@ are replaced.
struct TemplateFile {
  const char* name;
  const char* text;
};

struct NewPluginKind {
  const char* name;                     // with its article: "a task"
  std::optional<std::uint32_t> note;    // none: no plugin, so its name may be that of one
  std::span<const TemplateFile> files;  // the first is the plugin
  const char* next;                     // the commands that come next, with the same replacements
};

struct NewOptions {
  std::string name;
};

// Throws Error unless `name` is an identifier that CMake does not keep for itself. `kind` is "a
// task", for example.
void check_plugin_name(const std::string& name, const std::string& kind);

// The text with every `word` replaced.
std::string replaced(std::string text, const std::string& word, const std::string& by);

// Writes the folder `name` into the current folder, whole or not at all, and prints what to do
// next.
int write_new_folder(const GlobalOptions& global, const std::string& name,
                     const NewPluginKind& kind);

}  // namespace tinyzero
