#include "core/check/checked_task.h"

#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/checked.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/check/checked_task");

TEST_CASE("limits are those of the options, and the first lost worker is a fault") {
  CheckOptions options = faulty("none");
  options.seconds = 7;
  options.row_seconds = 0.5;
  const WorkerLimits limits = check_limits(options);
  CHECK(limits.call_seconds == 7);
  CHECK(limits.load_seconds == 7);
  CHECK(limits.row_seconds == 0.5);
  CHECK(limits.strikes == 1);
  options.seconds = 120;
  CHECK(check_limits(options).load_seconds == 10);
}

TEST_CASE("a checked task has its settings, and its worker is at hand") {
  const auto [task, worker] = open_checked(faulty("reason"), kReadingPlace);
  CHECK(task.about().id == "faulty");
  CHECK(&task.code() == &worker);
  CHECK(task.resolved().front().value == "reason");
  const WorkerUse use = worker.use();
  CHECK(use.threads == 1);
  CHECK(use.files > 3);
  CHECK(use.resident_bytes > 100000);
  CHECK_THROWS_AS(open_checked(faulty("no_such_fault")), Error);
}
