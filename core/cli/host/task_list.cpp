// task list: the tasks that can be used.

#include "core/cli/commands.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/task/hosting.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TaskListOptions {
  bool json = false;
};

int run_task_list(const GlobalOptions& global, const TaskListOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK)) {
    try {
      const TaskAbout task = load_task_code(file).code->about();
      if (options.json)
        print_json({{"id", task.id},
                    {"title", task.title},
                    {"version", task.version},
                    {"path", file.path.string()}});
      else print("{:<16} {}\n", task.id, task.title);
    } catch (const std::exception& e) {
      print(stderr, "warning: {}\n", e.what());
    }
  }
  return 0;
}

}  // namespace

void add_task_list(const Commands& commands) {
  commands.add<TaskListOptions>(
      "list", "Tasks that can be used", run_task_list,
      [](CLI::App& c, TaskListOptions& o) { c.add_flag("--json", o.json, kJsonHelp); });
}

}  // namespace tinyzero
