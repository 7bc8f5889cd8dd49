// task new: a folder with a task that works, to change into another.

#include "core/cli/new_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/templates.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

int run_task_new(const GlobalOptions& global, const NewOptions& options) {
  return write_new_folder(global, options.name,
                          {.name = "a task", .note = TINYZERO_NOTE_TASK, .files = kTaskTemplate});
}

}  // namespace

void add_task_new(const Commands& commands) {
  commands.add<NewOptions>(
      "new", "Write a folder with a task that works, to change into yours", run_task_new,
      [](CLI::App& c, NewOptions& o) {
        c.add_option("name", o.name, "name of the task and of its folder")->required();
      });
}

}  // namespace tinyzero
