// task new: a folder with a task that works, to change into another.

#include <boost/dll/runtime_symbol_info.hpp>

#include "core/base/shell_word.h"
#include "core/cli/new_folder.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/templates.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TaskNewOptions {
  std::string name;
  bool dataset = false;
};

// Data and an experiment for the task that reads data files: nothing to build.
int write_dataset(const std::string& name) {
  check_plugin_name(name, "a data set");
  write_folder(name, {{name + ".jsonl", kDatasetData},
                      {name + ".yaml", kDatasetExperiment},
                      {"README.md", kDatasetReadme}});
  print(
      "{0}/ holds questions and answers: {0}.jsonl. Train on them:\n\n  {1} train {0}/{0}.yaml\n\n"
      "{0}/README.md continues from there.\n",
      name, shell_word(boost::dll::program_location().string()));
  return 0;
}

int run_task_new(const GlobalOptions& global, const TaskNewOptions& options) {
  if (options.dataset) return write_dataset(options.name);
  return write_new_folder(global, options.name,
                          {.name = "a task", .note = TINYZERO_NOTE_TASK, .files = kTaskTemplate});
}

}  // namespace

void add_task_new(const Commands& commands) {
  commands.add<TaskNewOptions>(
      "new", "Write a folder with a task that works, to change into yours", run_task_new,
      [](CLI::App& c, TaskNewOptions& o) {
        c.add_option("name", o.name, "name of the task and of its folder")->required();
        c.add_flag("--dataset", o.dataset,
                   "a data file and an experiment in place of code: see docs/data_files.md");
      });
}

}  // namespace tinyzero
