#include "core/check/check.h"

#include <doctest/doctest.h>

#include <cstdlib>

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/check");

TEST_CASE("a check's result comes back from its process, whatever its grade") {
  for (const Grade grade : {Grade::pass, Grade::warn, Grade::fail, Grade::skip}) {
    const CheckResult result =
        run_check_forked("the code", 20, [&] { return CheckResult{grade, "7 things\nfound"}; });
    CHECK(result.grade == grade);
    CHECK(result.detail == "7 things\nfound");
  }
}

TEST_CASE("what a check throws is its fault, in its words") {
  const CheckResult failed = run_check_forked("the code", 20, []() -> CheckResult {
    require(true, "not this");
    require(false, "two keys are equal");
    return {};
  });
  CHECK(failed.grade == Grade::fail);
  CHECK(failed.detail == "two keys are equal");
}

TEST_CASE("a check whose process ends or hangs fails, and says whose code ran there") {
  const CheckResult ended =
      run_check_forked("the task's code", 20, []() -> CheckResult { std::exit(3); });
  CHECK(ended.grade == Grade::fail);
  CHECK(ended.detail == "the task's code ended its process with exit code 3");
  const CheckResult late = run_check_forked("the task's code", 0.1, []() -> CheckResult {
    for (volatile bool forever = true; forever;) {
    }
    return {};
  });
  CHECK(late.detail == "the task's code ran longer than 0.1 s");
}

TEST_CASE("grades have names") {
  CHECK(std::string(grade_name(Grade::pass)) == "pass");
  CHECK(std::string(grade_name(Grade::warn)) == "warn");
  CHECK(std::string(grade_name(Grade::fail)) == "fail");
  CHECK(std::string(grade_name(Grade::skip)) == "skip");
}

TEST_CASE("names are in snake_case or not") {
  for (const char* name : {"a", "max_tokens", "a1", "a_1_b"}) CHECK(is_snake_case(name));
  for (const char* name : {"", "A", "1a", "_a", "a-b", "aB", "ä"}) CHECK_FALSE(is_snake_case(name));
}
