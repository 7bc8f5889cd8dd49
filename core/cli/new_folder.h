// A folder that works without a change, to change into another: `task new` and `algorithm new`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/cli/commands.h"

namespace tinyzero {

// Files of sdk/template, in which @NAME@, @FIND@ and @PROGRAM@ are replaced.
struct Template {
  const char* source;
  const char* test;
  const char* cmake;
  const char* experiment;
  const char* readme;
};

struct NewPluginKind {
  const char* name;  // with its article: "a task"
  std::uint32_t note;
  Template files;
};

struct NewOptions {
  std::string name;
};

// Throws Error unless `name` is an identifier that CMake does not keep for itself. `kind` is "a
// task" or "an algorithm".
void check_plugin_name(const std::string& name, const std::string& kind);

// The text with every `word` replaced.
std::string replaced(std::string text, const std::string& word, const std::string& by);

struct NewFile {
  std::string name;
  const char* text;  // in which @NAME@, @FIND@ and @PROGRAM@ are replaced
};

// Writes the folder `name` into the current folder, whole or not at all. Throws Error if it exists.
void write_folder(const std::string& name, const std::vector<NewFile>& files);

// The same with a plugin that builds and passes its checks; prints what to do next.
int write_new_folder(const GlobalOptions& global, const std::string& name,
                     const NewPluginKind& kind);

}  // namespace tinyzero
