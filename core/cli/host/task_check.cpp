// task check: every check of core/check on one task.

#include <filesystem>

#include "core/base/error.h"
#include "core/check/task_check.h"
#include "core/cli/check_report.h"
#include "core/cli/option_checks.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/plugin/library.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

// Throws Error if the settings are wrong. Faults of the task itself are for the checks to describe.
void check_settings(const PluginFile& file, const Node& settings) {
  try {
    Task(load_task_code(file, /*trusted=*/false), file.path, &settings);
  } catch (const Failure&) {
  }
}

int check_task(const GlobalOptions& global, const CheckCommandOptions& options) {
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_TASK, options.name);
  CheckOptions check;
  check.library = std::filesystem::absolute(file.path);  // checks change folders
  check.settings = settings_from_words(options.settings);
  check.seed = static_cast<std::uint64_t>(options.seed);
  require_known(options.only, task_check_names());
  check_settings(file, check.settings);
  return report_checks({.library = check.library.string(),
                        .seed = options.seed,
                        .only = options.only,
                        .json = options.json},
                       task_check_names(),
                       [&](const std::string& name) { return run_task_check(name, check); });
}

}  // namespace

void add_task_check(const Commands& commands) {
  commands.add<CheckCommandOptions>(
      "check", "Whether a task can be trusted: every check with pass, warn or fail", check_task,
      [](CLI::App& c, CheckCommandOptions& o) {
        add_check_options(c, o, kTaskHelp, kSettingsHelp);
      });
}

}  // namespace tinyzero
