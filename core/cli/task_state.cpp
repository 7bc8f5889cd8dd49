#include "core/cli/task_state.h"

#include "core/base/error.h"
#include "core/cli/option_checks.h"
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
  return open_task(scan_plugins(global), options.name, &settings);
}

Json state_json(const std::string& state) {
  const std::optional<Json> parsed = json_if_valid(state);
  return parsed && !parsed->is_string() && json_line(*parsed) == state ? *parsed : Json(state);
}

std::string state_text(const Json& object, const std::string& where) {
  if (!object.contains("state"))
    throw Error(where + " has no \"state\"", "give what `task draw` printed as \"state\"");
  return object["state"].is_string() ? object["state"].get<std::string>() : object["state"].dump();
}

}  // namespace tinyzero
