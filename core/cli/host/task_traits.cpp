// task traits: what completions do, as numbers, line by line.

#include <cmath>

#include "core/base/error.h"
#include "core/cli/json_lines.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/task_state.h"
#include "core/task/task.h"

namespace tinyzero {
namespace {

// By name; null where a trait does not apply.
Json traits_json(const Task& task, const TraitRow& row) {
  Json out = Json::object();
  for (std::size_t i = 0; i < row.size(); ++i)
    out[task.about().traits[i].name] = std::isnan(row[i]) ? Json() : Json(row[i]);
  return out;
}

int run_task_traits(const GlobalOptions& global, const NamedTaskOptions& options) {
  const Task task = open_task(global, options);
  check_counts_traits(task);
  return answer_json_lines([&](const JsonLine& line) {
    const std::string state = state_text(line.object, line.where());
    const auto completion = required_field<std::string>(line.object, "completion", line.where());
    const Verdict verdict = task.verify({{state, completion}}).front();
    if (verdict.outcome == Outcome::error)  // a state of another task, for example
      throw Error(line.where() + ": " + task.reason(verdict));
    const TraitRow row = task.count_traits({{state, completion}}).front();
    if (!task.traits_fault().empty()) throw Failure(task.traits_fault());
    return Json{{"traits", traits_json(task, row)}};
  });
}

}  // namespace

void add_task_traits(const Commands& commands) {
  commands.add<NamedTaskOptions>(
      "traits", "Count what completions do: reads {\"state\",\"completion\"} a line",
      run_task_traits, add_named_task_options);
}

}  // namespace tinyzero
