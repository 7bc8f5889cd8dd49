// Tasks in Python, as `use:` names them: FILE.py, FILE.py:NAME, or rg:NAME.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace tinyzero {

struct PythonName {
  std::filesystem::path file;  // empty: a generator of the package reasoning-gym
  std::string object;          // a class, function or generator; empty: the file's only class
};

// What `use` names in Python; nothing if it names something else.
std::optional<PythonName> python_name(const std::string& use);

}  // namespace tinyzero
