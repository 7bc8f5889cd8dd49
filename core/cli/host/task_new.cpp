// task new: a folder with a task that works, to change into another.

#include "core/cli/new_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/templates.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TaskNewOptions {
  std::string name;
  bool python = false;
  bool dataset = false;
};

NewPluginKind kind_of(const TaskNewOptions& options) {
  if (options.dataset)
    return {.name = "a data set", .note = {}, .files = kDatasetTemplate, .next = kDatasetNext};
  if (options.python)
    return {.name = "a task",
            .note = TINYZERO_NOTE_TASK,
            .files = kPythonTaskTemplate,
            .next = kPythonNext};
  return {.name = "a task", .note = TINYZERO_NOTE_TASK, .files = kTaskTemplate, .next = kBuildNext};
}

int run_task_new(const GlobalOptions& global, const TaskNewOptions& options) {
  return write_new_folder(global, options.name, kind_of(options));
}

}  // namespace

void add_task_new(const Commands& commands) {
  commands.add<TaskNewOptions>(
      "new", "Write a folder with a task that works, to change into yours", run_task_new,
      [](CLI::App& c, TaskNewOptions& o) {
        c.add_option("name", o.name, "name of the task and of its folder")->required();
        CLI::Option* python = c.add_flag("--python", o.python, "in Python instead of C++");
        c.add_flag("--dataset", o.dataset,
                   "a data file and an experiment in place of code: see docs/data_files.md")
            ->excludes(python);
      });
}

}  // namespace tinyzero
