#include "core/plugin/python/interpreter.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/python_task.h"
#include "support/temporary.h"
#include "support/variable.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/plugin/interpreter");

namespace {

// A program that says `words` and ends with `code`.
std::string program_that_says(const fs::path& path, const std::string& words, int code = 0) {
  write_file_synced(path, "#!/bin/sh\necho '" + words + "'\nexit " + std::to_string(code) + "\n");
  fs::permissions(path, fs::perms::owner_all);
  return path.string();
}

}  // namespace

TEST_CASE("an interpreter is the one that is named, then TINYZERO_PYTHON, then python3 of PATH") {
  if (!have_python()) return;
  const PythonInterpreter found = find_python("");
  CHECK(fs::exists(found.program));
  CHECK(found.program.is_absolute());
  CHECK_FALSE(found.folders.empty());
  CHECK(find_python(found.program).program == found.program);
  const ScopedVariable chosen("TINYZERO_PYTHON", "/no/such/python");
  CHECK_THROWS_WITH_AS(find_python(""),
                       "no Python interpreter: /no/such/python is not a program (TINYZERO_PYTHON)",
                       Error);
  CHECK(find_python(found.program).program == found.program);
}

TEST_CASE("what is no interpreter, or an old one, is refused with a way out") {
  const TemporaryFolder folder;
  const auto refused = [](const std::string& name) -> std::string {
    try {
      find_python(name);
    } catch (const Error& e) {
      CHECK(e.hint().find("TINYZERO_PYTHON") != std::string::npos);
      return e.what();
    }
    return "it was taken";
  };
  const std::string old = program_that_says(
      folder / "old", R"({"version":[3,8],"program":"/x","folders":[],"generators":""})");
  CHECK(refused(old) == old + " is Python 3.8, too old for tasks");
  const std::string two = program_that_says(folder / "two", R"({"version":[2,7]})");
  CHECK(refused(two) == two + " is Python 2.7, too old for tasks");
  const std::string other = program_that_says(folder / "other", "hello", 3);
  CHECK(refused(other) == other + " does not run as Python: exit code 3, \"hello\"");
  CHECK(refused(folder / "none") ==
        "no Python interpreter: " + std::string(folder / "none") + " is not a program");
  const ScopedVariable nothing("PATH", folder.path().string());
  const ScopedVariable no_choice("TINYZERO_PYTHON", "");
  CHECK(refused("") == "no Python interpreter: \"python3\" is not in PATH");
}
