// The checks of verdicts, on a good task and on faults that they must find.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/verdicts");

TEST_CASE("a good task passes") {
  CHECK(check_verdicts(faulty("none")).grade == Grade::pass);
  CHECK(check_worker(faulty("none")).grade == Grade::pass);
}

TEST_CASE("a reason that does not exist is found") {
  CHECK(fault_of(check_verdicts, faulty("reason"))
            .find("verify gave reason 2; the task's reasons are 0 to 1") != std::string::npos);
}

TEST_CASE("a task that prints while it judges is found by the check of the worker alone") {
  CHECK(fault_of(check_worker, faulty("prints")).find("made the system call ") !=
        std::string::npos);
  CHECK(fault_of(check_verdicts, faulty("prints")).empty());
}
