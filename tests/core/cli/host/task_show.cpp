#include <doctest/doctest.h>

#include "core/base/error.h"
#include "core/base/json.h"
#include "support/command.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/task_show");

TEST_CASE("a task, its abilities and its settings") {
  const CommandResult text = run_command(add_task_show, {"show", "countdown"});
  CHECK(text.out.starts_with("countdown "));
  CHECK(text.out.find("solver: yes · demonstrations: yes · ") != std::string::npos);
  CHECK(text.out.find("\nsettings\n  ") != std::string::npos);
  const Json json = parse_json(run_command(add_task_show, {"show", "countdown", "--json"}).out, "");
  CHECK(json["id"] == "countdown");
  CHECK(json["solves"] == true);
  CHECK(json["settings"].size() > 2);
  CHECK_THROWS_AS(run_command(add_task_show, {"show", "nonesuch"}), Error);
}

TEST_CASE("a task that cannot be set up without a file shows its settings all the same") {
  const CommandResult text = run_command(add_task_show, {"show", "dataset"});
  CHECK(text.out.find("\n  file ") != std::string::npos);
}
