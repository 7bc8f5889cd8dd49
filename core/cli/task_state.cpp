#include "core/cli/task_state.h"

#include "core/base/error.h"
#include "core/cli/option_checks.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"
#include "core/task/open_task.h"
#include "core/task/task.h"

namespace tinyzero {

void add_named_task_options(CLI::App& c, NamedTaskOptions& o) {
  c.add_option("name", o.name, kTaskHelp)->required();
  c.add_option("settings", o.settings, kSettingsHelp);
}

Task open_task(const GlobalOptions& global, const NamedTaskOptions& options) {
  const Node settings = settings_from_words(options.settings);
  Task task = open_task(scan_plugins(global), options.name, &settings);
  print_notes(task);
  return task;
}

void print_notes(const Task& task) {
  for (const std::string& note : task.notes()) print(stderr, "note: {}\n", note);
}

void check_counts_traits(const Task& task) {
  if (task.can_count_traits()) return;
  throw Error("task \"" + task.about().id + "\" counts no traits",
              "docs/write_a_task.md says how a task counts what completions do");
}

std::string state_text(const Json& object, const std::string& where) {
  if (!object.contains("state"))
    throw Error(where + " has no \"state\"", "give what `task draw` printed as \"state\"");
  return object["state"].is_string() ? object["state"].get<std::string>() : object["state"].dump();
}

}  // namespace tinyzero
