// task check: every check of core/check on one task.

#include <filesystem>

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/check/task_check.h"
#include "core/cli/check_report.h"
#include "core/cli/option_checks.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/plugin/library.h"
#include "core/report/quality.h"
#include "core/task/hosting.h"
#include "core/task/task.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

struct TaskCheckOptions {
  CheckCommandOptions common;
  std::vector<std::string> reports;  // files
};

// Throws Error if the settings are wrong. Faults of the task itself are for the checks to describe.
void check_settings(const PluginFile& file, const Node& settings) {
  try {
    const TaskHosting hosting = read_hosting(file, &settings, "task");
    LoadedCode loaded = load_task_code(file, hosting);
    Task(std::move(loaded.code), loaded.file, &settings, "task", hosting.words);
  } catch (const Failure&) {
  }
}

// Throws Error for a report that could not be written in the end.
void check_report_file(const fs::path& path) {
  if (path.extension() != ".json" && path.extension() != ".html")
    throw Error("the report " + path.string() + " is neither .json nor .html",
                "name the file for its form: --report checks.json, or --report checks.html");
  check_replaceable(path);
}

void write_reports(const std::vector<std::string>& paths, const QualityReport& report) {
  for (const fs::path path : paths) {
    const bool is_json = path.extension() == ".json";
    write_file_atomically(path,
                          is_json ? json_line(quality_json(report)) + "\n" : quality_html(report));
  }
}

// The head of a report, without a version if the task does not load.
QualityReport report_on(const PluginFile& file, std::int64_t seed) {
  QualityReport report{.task = file.note.field("id"),
                       .version = "",
                       .library = file.python.empty() ? file.path.string() : file.python,
                       .seed = seed};
  try {
    const TaskAbout about = load_task_code(file).code->about();
    report.task = about.id;
    report.version = about.version;
  } catch (const Error&) {  // a check says why
  }
  return report;
}

CheckResult run_and_keep(const std::string& name, const CheckOptions& options,
                         QualityReport& report) {
  const TaskCheck& check = find_task_check(name);
  const CheckResult result = run_task_check(name, options);
  const bool is_open = result.grade == Grade::warn || result.grade == Grade::fail;
  report.checks.push_back(
      {.id = check.id, .name = name, .result = result, .remedy = is_open ? check.remedy : ""});
  return result;
}

int check_task(const GlobalOptions& global, const TaskCheckOptions& task_options) {
  const CheckCommandOptions& options = task_options.common;
  PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_TASK, options.name);
  if (file.python.empty()) file.path = fs::absolute(file.path);  // checks change folders
  CheckOptions check;
  check.file = file;
  check.settings = settings_from_words(options.settings);
  check.seed = static_cast<std::uint64_t>(options.seed);
  require_known(options.only, task_check_names());
  for (const std::string& path : task_options.reports) check_report_file(path);
  check_settings(file, check.settings);
  QualityReport report = report_on(file, options.seed);
  const int code = report_checks(
      {.library = report.library, .seed = options.seed, .only = options.only, .json = options.json},
      task_check_names(),
      [&](const std::string& name) { return run_and_keep(name, check, report); });
  write_reports(task_options.reports, report);
  return code;
}

}  // namespace

void add_task_check(const Commands& commands) {
  commands.add<TaskCheckOptions>(
      "check", "Whether a task can be trusted: every check with pass, warn or fail", check_task,
      [](CLI::App& c, TaskCheckOptions& o) {
        add_check_options(c, o.common, kTaskHelp, kSettingsHelp);
        c.add_option("--report", o.reports,
                     "write the results to this file, too: .json for machines, .html for people")
            ->type_name("FILE")
            ->allow_extra_args(false);
      });
}

}  // namespace tinyzero
