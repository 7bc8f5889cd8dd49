#include "core/plugin/python/interpreter.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/dll/runtime_symbol_info.hpp>
#include <cstdlib>
#include <sstream>

#include "core/base/child.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"

namespace tinyzero {
namespace {

constexpr const char* kVariable = "TINYZERO_PYTHON";
constexpr int kOldestMinor = 9;  // of Python 3

constexpr const char* kHint =
    "set task.python or TINYZERO_PYTHON to a Python of 3.9 or newer, or activate its environment";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// The path of a program of PATH. Empty if there is none.
fs::path program_in_path(const std::string& name) {
  std::istringstream folders(variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path program = fs::path(folder) / name;
    std::error_code unknown;
    if (::access(program.c_str(), X_OK) == 0 && !fs::is_directory(program, unknown))
      return fs::absolute(program);
  }
  return {};
}

fs::path named_program(const std::string& given) {
  const std::string chosen = given.empty() ? variable(kVariable) : given;
  const std::string name = chosen.empty() ? "python3" : chosen;
  const std::string source =
      given.empty() && !chosen.empty() ? fmt::format(" ({})", kVariable) : "";
  if (name.find('/') == std::string::npos) {
    const fs::path program = program_in_path(name);
    if (program.empty())
      throw Error("no Python interpreter: \"" + name + "\" is not in PATH" + source, kHint);
    return program;
  }
  if (::access(name.c_str(), X_OK) != 0)
    throw Error("no Python interpreter: " + name + " is not a program" + source, kHint);
  return fs::absolute(name);
}

// The last line of a program's output: a script that starts it may say something first.
std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return "";
  const std::size_t before = text.rfind('\n', end);
  const std::size_t start = before == std::string::npos ? 0 : before + 1;
  return text.substr(start, end + 1 - start);
}

PythonInterpreter read_facts(const fs::path& program, const Json& facts) {
  const auto major = facts.at("version").at(0).get<int>();
  const auto minor = facts.at("version").at(1).get<int>();
  if (major != 3 || minor < kOldestMinor)
    throw Error(
        fmt::format("{} is Python {}.{}, too old for tasks", program.string(), major, minor),
        kHint);
  PythonInterpreter out;
  out.program = facts.at("program").get<std::string>();
  for (const Json& folder : facts.at("folders"))
    out.folders.emplace_back(folder.get<std::string>());
  out.generators = facts.at("generators").get<std::string>();
  return out;
}

}  // namespace

fs::path python_part(const std::string& file) {
  const fs::path program = boost::dll::program_location().parent_path().string();
  for (const fs::path& folder : {fs::path(variable("TINYZERO_PYTHON_PART")), program / "python",
                                 program.parent_path() / "share/tinyzero/python"}) {
    if (folder.is_absolute() && fs::exists(folder / file)) return folder / file;
  }
  throw Failure(
      "cannot run tasks in Python: " + (program / "python" / file).string() + " is not there",
      "it is installed with the program");
}

PythonInterpreter find_python(const std::string& name) {
  const fs::path program = named_program(name);
  const ProgramResult asked =
      run_program({program.string(), "-B", python_part("tinyzero_probe.py").string()});
  const std::string said = last_line(asked.output);
  const std::optional<Json> facts = asked.code == 0 ? json_if_valid(said) : std::nullopt;
  if (!facts || !facts->is_object())
    throw Error(fmt::format("{} does not run as Python: exit code {}, \"{}\"", program.string(),
                            asked.code, said),
                kHint);
  return read_facts(program, *facts);
}

}  // namespace tinyzero
