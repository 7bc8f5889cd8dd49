// The Python interpreter that runs tasks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tinyzero {

struct PythonInterpreter {
  std::filesystem::path program;               // of itself, not of a script that starts it
  std::vector<std::filesystem::path> folders;  // where it and its packages lie
  // Of the package reasoning-gym: the list of its files and their hashes. Empty: it is not there.
  std::filesystem::path generators;
};

// The interpreter of this name: a path, or a program of PATH; empty: TINYZERO_PYTHON, or else
// python3. It is asked for its version and folders. Throws Error if there is none, or if it is too
// old.
PythonInterpreter find_python(const std::string& name);

// A file of this program's Python part, sdk/python: in the folder TINYZERO_PYTHON_PART, or where it
// was built or installed. Throws Failure if it is not there.
std::filesystem::path python_part(const std::string& file);

}  // namespace tinyzero
