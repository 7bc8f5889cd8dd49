// Losses, gradients, advantages and metrics stay finite in extreme steps.

#include <doctest/doctest.h>

#include "support/algorithm_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/check_extremes");

TEST_CASE("a number that is not finite is named with the step in which it comes") {
  CHECK(failure("extremes", faulty({"nan_at=1"})).find("in step 1") != std::string::npos);
  CHECK(failure("extremes", faulty({"nan_at=3"})).find("in step 3") != std::string::npos);
  CHECK(failure("extremes", faulty({})) == "");
}
