#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_check");

TEST_CASE("names and settings are looked at before any check runs") {
  CHECK_THROWS_WITH_AS(run_command(add_task_check, {"check", "multiplication", "--only", "sped"}),
                       "no check \"sped\"", Error);
  CHECK_THROWS_AS(run_command(add_task_check, {"check", "multiplication", "nonesuch=3"}), Error);
  CHECK_THROWS_AS(run_command(add_task_check, {"check", "nonesuch"}), Error);
}
