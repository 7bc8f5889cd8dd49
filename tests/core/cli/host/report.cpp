#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "support/command.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/report");

TEST_CASE("a file that is no report is not replaced, and what is no run is an error") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(run_command(add_report, {"report", folder.path()}), Error);
  CHECK_THROWS_AS(run_command(add_report, {"report", folder / "nonesuch"}), Error);
}
