#include "core/config/python_name.h"

#include <doctest/doctest.h>

#include "core/config/experiment.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/config/python_name");

TEST_CASE("a task in Python is a file, something in a file, or a generator") {
  CHECK(python_name("mine.py")->file == "mine.py");
  CHECK(python_name("mine.py")->object == "");
  CHECK(python_name("a/b.py:Sums")->file == "a/b.py");
  CHECK(python_name("a/b.py:Sums")->object == "Sums");
  CHECK(python_name("a:b.py:f")->file == "a:b.py");
  CHECK(python_name("rg:chain_sum")->file.empty());
  CHECK(python_name("rg:chain_sum")->object == "chain_sum");
  for (const char* other : {"countdown", "mine.so", "./mine", "py", "minepy", "a:b", "mine.py/x"})
    CHECK_FALSE(python_name(other));
}

TEST_CASE("only the name of a file is a path") {
  CHECK(is_plugin_path("mine.py"));
  CHECK(is_plugin_path("mine.py:Sums"));
  CHECK_FALSE(is_plugin_path("rg:chain_sum"));
}
