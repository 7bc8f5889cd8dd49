#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "support/command.h"
#include "support/temporary.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_check");

TEST_CASE("names and settings are looked at before any check runs") {
  CHECK_THROWS_WITH_AS(run_command(add_task_check, {"check", "multiplication", "--only", "sped"}),
                       "no check \"sped\"", Error);
  CHECK_THROWS_AS(run_command(add_task_check, {"check", "multiplication", "nonesuch=3"}), Error);
  CHECK_THROWS_AS(run_command(add_task_check, {"check", "nonesuch"}), Error);
}

TEST_CASE("results are also written to files, whose names are looked at before any check runs") {
  const TemporaryFolder folder;
  const CommandResult r =
      run_command(add_task_check, {"check", "multiplication", "--only", "file,format", "--report",
                                   folder / "qc.json", "--report", folder / "qc.html"});
  CHECK(r.code == 0);
  const Json json = parse_json(read_file(folder / "qc.json"), "report");
  CHECK(json["task"] == "multiplication");
  CHECK(json["version"] == "1.0.0");
  REQUIRE(json["checks"].size() == 2);
  CHECK(json["checks"][1]["id"] == "reward.format");
  CHECK(read_file(folder / "qc.html").find("Checks of the task multiplication") !=
        std::string::npos);
  CHECK_THROWS_WITH_AS(
      run_command(add_task_check, {"check", "multiplication", "--report", "qc.txt"}),
      "the report qc.txt is neither .json nor .html", Error);
}
