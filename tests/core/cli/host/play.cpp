#include <doctest/doctest.h>

#include "core/base/error.h"
#include "support/command.h"
#include "support/golden.h"
#include "support/task.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/cli/host/play");

TEST_CASE("by hand: an answer needs no tags, ? shows a solution, q ends") {
  const Task task = open_task("multiplication");
  const std::string solution = *task.solve(task.draw(7, {0}).front().state);
  const std::size_t begin = solution.find("<answer>") + 8;
  const std::string answer = solution.substr(begin, solution.find("</answer>") - begin);
  const CommandResult r = run_command(add_play, {"play", "multiplication", "--seed", "7"},
                                      answer + "\n?\nnonsense\nq\nafter the end\n");
  CHECK(r.code == 0);
  CHECK(r.out.find("  right · reward 1 · correct\n") != std::string::npos);
  CHECK(r.out.find("  not right · ") != std::string::npos);
  CHECK(r.out.ends_with("\n1 of 2 right\n"));
}

TEST_CASE("the task's own solver is right") {
  const CommandResult r =
      run_command(add_play, {"play", "multiplication", "--oracle", "--problems", "3"});
  CHECK(r.out.ends_with("3 of 3 right\n"));
}

TEST_CASE("a model tries problems of the test split") {
  const CommandResult r =
      run_command(add_play, {"play", "multiplication", "--model", golden_folder() / "hf/qwen2_tied",
                             "--problems", "2", "--max-tokens", "4"});
  CHECK(r.code == 0);
  CHECK(r.out.ends_with("0 of 2 right\n"));
  CHECK_THROWS_AS(run_command(add_play, {"play", "multiplication", "--model", "/nonesuch"}), Error);
}
