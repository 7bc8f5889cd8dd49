// task check: every check of core/check on one task.

#include <filesystem>

#include "core/base/error.h"
#include "core/check/task_check.h"
#include "core/cli/check_report.h"
#include "core/cli/options.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/plugin/library.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {

int task_check_command(const GlobalOptions& global, const CheckCommandOptions& options) {
  CheckOptions check;
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_TASK, options.name);
  check.library = std::filesystem::absolute(file.path);  // checks change folders
  check.settings = settings_from_words(options.settings);
  check.seed = static_cast<std::uint64_t>(options.seed);
  require_known(options.only, task_check_names());
  try {
    Task(load_task_code(file, /*trusted=*/false), file.path, &check.settings);
  } catch (const Failure&) {  // the task's fault, which the checks describe; an Error is in what
                              // was asked for
  }
  return report_checks({check.library.string(), options.seed, options.only, options.json},
                       task_check_names(),
                       [&](const std::string& name) { return run_task_check(name, check); });
}

}  // namespace tinyzero
