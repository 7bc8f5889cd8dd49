// task solve: solutions by the task's own solver, line by line.

#include "core/cli/json_lines.h"
#include "core/cli/option_checks.h"
#include "core/cli/task_state.h"
#include "core/task/task.h"

namespace tinyzero {
namespace {

int run_task_solve(const GlobalOptions& global, const NamedTaskOptions& options) {
  const Task task = open_task(global, options);
  return answer_json_lines([&](const JsonLine& line) {
    const auto completion = task.solve(state_text(line.object, line.where()));
    return Json{{"solvable", completion.has_value()},
                {"completion", completion ? Json(*completion) : Json()}};
  });
}

}  // namespace

void add_task_solve(const Commands& commands) {
  commands.add<NamedTaskOptions>("solve", "Solve problems: reads {\"state\"} a line",
                                 run_task_solve, add_named_task_options);
}

}  // namespace tinyzero
