// The checks of what a task uses. No time is asserted: only that it is reported.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/resources");

TEST_CASE("threads that draw and judge at once get the verdicts of one") {
  const CheckResult result = check_threads(faulty("none"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail == "eight threads draw and judge as one does");
}

TEST_CASE("the time of ordinary and of very long answers is reported") {
  const CheckResult result = check_speed(faulty("none"));
  CHECK(result.detail.find("an ordinary answer takes ") == 0);
  CHECK(result.detail.find("among 200, the slowest of 1 MB ") != std::string::npos);
}
