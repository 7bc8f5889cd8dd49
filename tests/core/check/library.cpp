// The checks of a library.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/library");

TEST_CASE("a whole library is described in a line") {
  const CheckResult result = check_file(built_in("arithmetic"));
  CHECK(result.grade != Grade::fail);
  CHECK(result.detail.find("arithmetic 1.0.0 · ABI 1.0 · ") == 0);
  CHECK(result.detail.find(" ms") != std::string::npos);
}

TEST_CASE("every edge of every setting is tried, and a refusal with a reason is no fault") {
  const CheckResult result = check_settings(faulty("none"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail ==
        "1 settings, 10 values at their edges, 0 of them refused with a reason");  // four choices
}
