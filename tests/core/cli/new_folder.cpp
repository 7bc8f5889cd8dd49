#include "core/cli/new_folder.h"

#include <doctest/doctest.h>

#include "core/base/error.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/new_folder");

TEST_CASE("a plugin's name is an identifier in small letters that CMake does not keep") {
  for (const char* good : {"a", "my_task2", "tests"})
    CHECK_NOTHROW(check_plugin_name(good, "a task"));
  for (const char* bad : {"", "2nd", "_a", "My", "a-b", "a b", "ä", "../a"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH_AS(check_plugin_name(bad, "a task"), doctest::Contains("cannot name a task"),
                         Error);
  }
  for (const char* reserved : {"all", "test", "torch", "tinyzero_sdk"})
    CHECK_THROWS_WITH_AS(check_plugin_name(reserved, "an algorithm"),
                         doctest::Contains("CMake keeps it"), Error);
}

TEST_CASE("every word is replaced, and what replaces it is not looked through again") {
  CHECK(replaced("@N@ and @N@", "@N@", "x") == "x and x");
  CHECK(replaced("@N@", "@N@", "@N@@N@") == "@N@@N@");
  CHECK(replaced("none", "@N@", "x") == "none");
}
