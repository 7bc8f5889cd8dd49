// task show: what a task asks, and its settings.

#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/settings_text.h"
#include "core/cli/task_state.h"
#include "core/task/settings.h"
#include "core/task/task.h"

namespace tinyzero {
namespace {

struct TaskShowOptions {
  std::string name;
  bool json = false;
};

Json traits_json(const Task& task) {
  Json out = Json::array();
  for (const TaskTrait& trait : task.about().traits) {
    out.push_back({{"name", trait.name}, {"doc", trait.doc}});
    if (!trait.per.empty()) out.back()["per"] = trait.per;
  }
  return out;
}

Json show_json(const Task& task, const TaskSettings& settings) {
  return {{"id", task.about().id},
          {"title", task.about().title},
          {"version", task.about().version},
          {"doc", task.about().doc},
          {"solves", task.can_solve()},
          {"demonstrates", task.can_demonstrate()},
          {"traits", traits_json(task)},
          {"settings", settings_json(settings.table())},
          {"path", task.libraries().front().string()}};
}

int run_task_show(const GlobalOptions& global, const TaskShowOptions& options) {
  const Task task = open_task(global, {.name = options.name});
  const TaskSettings settings(task.about());
  if (options.json) {
    print_json(show_json(task, settings));
    return 0;
  }
  print("{} {} · {}\n{}\n\n", task.about().id, task.about().version, task.about().title,
        task.about().doc);
  print("solver: {} · demonstrations: {} · {}\n\nsettings\n", task.can_solve() ? "yes" : "no",
        task.can_demonstrate() ? "yes" : "no", task.libraries().front().string());
  print("{}", settings_text(settings.table()));
  if (task.can_count_traits()) print("\ntraits\n");
  for (const TaskTrait& trait : task.about().traits)
    print("  {:<20} {}{}\n", trait.name, trait.doc,
          trait.per.empty() ? "" : "; weighed by " + trait.per);
  return 0;
}

}  // namespace

void add_task_show(const Commands& commands) {
  commands.add<TaskShowOptions>("show", "What a task asks, and its settings", run_task_show,
                                [](CLI::App& c, TaskShowOptions& o) {
                                  c.add_option("name", o.name, kTaskHelp)->required();
                                  c.add_flag("--json", o.json, kJsonHelp);
                                });
}

}  // namespace tinyzero
