// algorithm list · show

#include <fmt/format.h>

#include "core/cli/options.h"
#include "core/cli/terminal.h"
#include "core/algorithm/plugin.h"

namespace tinyzero {

int algorithm_list_command(const GlobalOptions& global, const AlgorithmOptions& options) {
  const PluginCatalog catalog = PluginCatalog::scan(global.plugin_folders);
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_ALGORITHM)) {
    const AlgorithmModule& module = load_algorithm_module(file);
    if (options.json) fmt::print("{}\n", json_line({{"id", module.id}, {"title", module.title}, {"path", file.path.string()}}));
    else fmt::print("{:<16} {}\n", module.id, module.title);
  }
  for (const std::string& problem : catalog.problems()) fmt::print(stderr, "warning: {}\n", problem);
  return 0;
}

int algorithm_show_command(const GlobalOptions& global, const AlgorithmOptions& options) {
  const PluginFile file = PluginCatalog::scan(global.plugin_folders).find(TINYZERO_NOTE_ALGORITHM, options.name);
  const AlgorithmModule& module = load_algorithm_module(file);
  const auto algorithm = module.make();
  SettingsTable table;
  algorithm->describe(table);
  if (options.json) {
    fmt::print("{}\n", json_line({{"id", module.id},
                                  {"title", module.title},
                                  {"doc", module.doc},
                                  {"settings", settings_json(table)},
                                  {"path", file.path.string()}}));
    return 0;
  }
  fmt::print("{} · {}\n{}\n\n{}\n\nsettings\n", module.id, module.title, module.doc, file.path.string());
  print_settings(table);
  return 0;
}

}  // namespace tinyzero
