// task show: what a task asks, and its settings.

#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/task/hosting.h"
#include "core/task/settings.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TaskShowOptions {
  std::string name;
  bool json = false;
};

Json traits_json(const TaskAbout& task) {
  Json out = Json::array();
  for (const TaskTrait& trait : task.traits) {
    out.push_back({{"name", trait.name}, {"doc", trait.doc}});
    if (!trait.per.empty()) out.back()["per"] = trait.per;
  }
  return out;
}

Json show_json(const TaskAbout& task, const std::string& path) {
  return {{"id", task.id},
          {"title", task.title},
          {"version", task.version},
          {"doc", task.doc},
          {"solves", task.can_solve},
          {"demonstrates", task.can_demonstrate},
          {"traits", traits_json(task)},
          {"settings", settings_json(TaskSettings(task).table())},
          {"path", path}};
}

void print_task(const TaskAbout& task, const std::string& path) {
  print("{} {} · {}\n{}\n\n", task.id, task.version, task.title, task.doc);
  print("solver: {} · demonstrations: {} · {}\n\nsettings\n", task.can_solve ? "yes" : "no",
        task.can_demonstrate ? "yes" : "no", path);
  print("{}", settings_text(TaskSettings(task).table()));
  if (!task.traits.empty()) print("\ntraits\n");
  for (const TaskTrait& trait : task.traits)
    print("  {:<20} {}{}\n", trait.name, trait.doc,
          trait.per.empty() ? "" : "; weighed by " + trait.per);
}

// The task is not set up: its settings may be what a person came to read about.
int run_task_show(const GlobalOptions& global, const TaskShowOptions& options) {
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_TASK, options.name);
  const LoadedCode loaded = load_task_code(file);
  const TaskAbout& task = loaded.code->about();
  if (options.json) print_json(show_json(task, loaded.file.string()));
  else print_task(task, loaded.file.string());
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
