// The checks of verdicts, on a good task and on faults that they must find.

#include <doctest/doctest.h>

#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/verdicts");

TEST_CASE("a good task passes") {
  CHECK(check_cheats(faulty("none")).grade == Grade::pass);
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

TEST_CASE("answers that a guess gets right are a warning") {
  const CheckResult guessed = check_guesses(built_in("multiplication", "{digits: 3}"));
  CHECK(guessed.grade == Grade::pass);
  const CheckResult open = check_guesses(
      built_in("countdown", "{numbers: 2, smallest: 5, largest: 5, target: [10, 10]}"));
  CHECK(open.grade == Grade::warn);
  CHECK(open.detail.find("right in 100.0 %") != std::string::npos);
  CHECK(open.detail.find("a model can earn that without reading the problem") != std::string::npos);
}
