#include <doctest/doctest.h>

#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_list");

TEST_CASE("the tasks of this build, a line each") {
  const CommandResult text = run_command(add_task_list, {"list"});
  CHECK(text.code == 0);
  CHECK(text.out.find("multiplication   ") != std::string::npos);
  bool found = false;
  const std::string json = run_command(add_task_list, {"list", "--json"}).out;
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t end = json.find('\n', at);
    const Json task = parse_json(json.substr(at, end - at), "task list");
    found = found || (task["id"] == "countdown" && task.contains("version"));
    at = end + 1;
  }
  CHECK(found);
}
