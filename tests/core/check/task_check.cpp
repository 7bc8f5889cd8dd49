#include "core/check/task_check.h"

#include <doctest/doctest.h>

#include <set>

#include "core/base/error.h"
#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/task_check");

TEST_CASE("each check has a name of its own, and an unknown name is refused") {
  const auto names = task_check_names();
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  CHECK(names.front() == "file");
  std::set<std::string> ids;
  for (const TaskCheck& check : task_checks()) {
    CHECK(std::string(check.remedy) != "");
    ids.insert(check.id);
  }
  CHECK(ids.size() == names.size());
  CHECK(std::string(find_task_check("solutions").id) == "semantic.oracle_max");
  CHECK_THROWS_WITH_AS(run_task_check("no_such", built_in("countdown")), "no check \"no_such\"",
                       Failure);
}

TEST_CASE("a check runs by its name, in a process of its own") {
  const CheckResult result = run_task_check("file", built_in("countdown"));
  CHECK((result.grade == Grade::pass || result.grade == Grade::warn));  // loading may be slow
  CHECK(result.detail.find("countdown 1.0.0 · ABI 1.0 · gcc ") == 0);
}

TEST_CASE("a check that takes too long fails") {
  CheckOptions options = faulty("loops");
  options.seconds = options.row_seconds = 0.3;
  const CheckResult result = run_task_check("verdicts", options);
  CHECK(result.grade == Grade::fail);
  CHECK(result.detail.find("ran longer than 0.3 s") != std::string::npos);
}
