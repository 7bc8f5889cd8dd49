// Letters: functions, units, words.

#include "tasks/dataset/math/words.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/math/words");

TEST_CASE("letters are told apart") {
  CHECK(is_function("sin"));
  CHECK_FALSE(is_function("sine"));
  CHECK(is_greek("theta"));
  CHECK(is_known_command("int"));
  CHECK_FALSE(is_known_command("foo"));
  CHECK(is_word("apple"));
  CHECK(is_word("no"));
  CHECK_FALSE(is_word("xy"));
  CHECK_FALSE(is_word("cos"));
  CHECK(is_unit("cm"));
  CHECK(is_unit("apples"));
  CHECK_FALSE(is_unit("xy"));
  CHECK(is_unit_letter("m"));
  CHECK_FALSE(is_unit_letter("x"));
  CHECK(is_conjunction("or"));
  CHECK(is_text("no solution"));
  CHECK_FALSE(is_text("5 apples"));
  CHECK_FALSE(is_text("xy"));
}
