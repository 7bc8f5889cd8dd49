#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_solve");

TEST_CASE("the solver's completion, where there is a solution") {
  const CommandResult r = run_command(add_task_solve, {"solve", "countdown"},
                                      "{\"state\":{\"numbers\":[3,7,9],\"target\":19}}\n"
                                      "{\"state\":{\"numbers\":[1,1],\"target\":50}}\n");
  CHECK(r.code == 0);
  const std::size_t end = r.out.find('\n');
  const Json solved = parse_json(r.out.substr(0, end), "first");
  CHECK(solved["solvable"] == true);
  CHECK(solved["completion"].get<std::string>().find("<answer>") != std::string::npos);
  CHECK(r.out.substr(end + 1) == "{\"solvable\":false,\"completion\":null}\n");
}
