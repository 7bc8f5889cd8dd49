// What a worked solution ends with.

#include "tasks/dataset/grade.h"

#include <doctest/doctest.h>

using namespace tinyzero::dataset;

TEST_SUITE_BEGIN("tasks/dataset/grade");

TEST_CASE("the final answer of a worked solution stands behind #### or in a box") {
  CHECK(final_answer("a\n#### 1\nb\n#### 2\nc") == "2");
  CHECK(final_answer("so \\boxed{x^{2}} it is") == "x^{2}");
  CHECK(final_answer(" 42 ") == "42");
  CHECK(final_answer("\\boxed{2") == "\\boxed{2");
}
