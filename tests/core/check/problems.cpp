// The checks of problems, on tasks where they pass, warn and skip.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/problems");

TEST_CASE("draws of a good task are the same in every way to ask for them") {
  const CheckResult result = check_draws(faulty("none"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail.find("200 problems are the same twice") == 0);
}

TEST_CASE("few different problems are a warning") {
  const CheckResult few = check_keys(built_in("multiplication", "{digits: 1}"));
  CHECK(few.grade == Grade::warn);
  CHECK(few.detail.find("55 different keys") != std::string::npos);  // 10 * 11 / 2
  CHECK(check_keys(built_in("multiplication", "{digits: 4}")).grade == Grade::pass);
}

TEST_CASE("splits share no key") {
  const CheckResult result = check_splits(faulty("none"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail.find("none shared") != std::string::npos);
}

TEST_CASE("solutions earn the full reward") {
  const CheckResult result = check_solutions(built_in("arithmetic"));
  CHECK(result.grade == Grade::pass);
  CHECK(result.detail == "200 of 200 problems have a solution, and each earns the full reward");
}

TEST_CASE("demonstrations are checked where there are any") {
  const CheckResult some = check_demonstrations(built_in("arithmetic"));
  CHECK(some.grade == Grade::pass);
  CHECK(some.detail.find(" % of the demonstrations end in a right answer") != std::string::npos);
  CHECK(check_demonstrations(faulty("none")).grade == Grade::skip);
}
