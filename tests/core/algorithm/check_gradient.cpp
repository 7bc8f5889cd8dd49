// The gradient of a loss is its derivative, and points the right way.

#include <doctest/doctest.h>

#include "support/algorithm_checks.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/algorithm/check_gradient");

TEST_CASE("a gradient that is not the derivative is named with both numbers") {
  CHECK(failure("gradient", faulty({"fault=guard"})).find("finite differences say") !=
        std::string::npos);
  CHECK(failure("gradient", faulty({"fault=detached"})).find("has no gradient") !=
        std::string::npos);
}

TEST_CASE("a step against the gradient makes right answers likelier than wrong ones") {
  CHECK(failure("teaches", faulty({"fault=sign"})).find("in the mean of") != std::string::npos);
  CHECK(failure("teaches", faulty({})) == "");
}

TEST_CASE("constants on purpose are no fault: the clipped weight of CISPO") {
  CHECK(failure("gradient", built_in("grpo", {"variant=cispo"})) == "");
}
