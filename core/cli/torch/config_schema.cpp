// config schema: what an experiment may say, for editors and for the documentation.

#include "core/algorithm/plugin.h"
#include "core/cli/delegated/config.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/config/experiment.h"
#include "core/config/schema.h"
#include "core/task/hosting.h"
#include "core/task/settings.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

// Calls read(file) for each plugin of a type; one that cannot be loaded is a warning.
template <class Read>
void for_plugins(const PluginCatalog& catalog, std::uint32_t note, const Read& read) {
  for (const PluginFile& file : catalog.of_type(note)) {
    try {
      read(file);
    } catch (const std::exception& e) {
      print(stderr, "warning: {}\n", e.what());
    }
  }
}

// The tables of all plugins that can be used. They point into settings that this holds.
struct PluginTables {
  std::vector<TaskSettings> tasks;
  std::vector<std::unique_ptr<Algorithm>> algorithms;

  void add_tasks(const PluginCatalog& catalog, std::vector<PluginTable>& out) {
    for_plugins(catalog, TINYZERO_NOTE_TASK, [&](const PluginFile& file) {
      const TaskAbout about = load_task_code(file).code->about();
      tasks.emplace_back(about);
      out.push_back({about.id, about.title, about.doc, tasks.back().table(), {}});
    });
  }

  void add_algorithms(const PluginCatalog& catalog, std::vector<PluginTable>& out) {
    for_plugins(catalog, TINYZERO_NOTE_ALGORITHM, [&](const PluginFile& file) {
      const AlgorithmModule& module = load_algorithm_module(file);
      algorithms.push_back(module.make());
      PluginTable plugin{module.id, module.title, module.doc, {}, {}};
      algorithms.back()->describe(plugin.table);
      for (const Variant& variant : algorithms.back()->variants())
        plugin.variants.push_back({variant.name, variant.doc});
      out.push_back(std::move(plugin));
    });
  }
};

}  // namespace

int run_config_schema(const GlobalOptions& global, const ConfigSchemaOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  Experiment defaults;
  ExperimentTables tables{section_tables(defaults), {}, {}};
  PluginTables plugins;
  plugins.add_tasks(catalog, tables.tasks);
  plugins.add_algorithms(catalog, tables.algorithms);
  if (options.markdown) print("{}", experiment_reference(tables));
  else print("{}\n", experiment_schema(tables).dump(2, ' ', false, Json::error_handler_t::replace));
  return 0;
}

}  // namespace tinyzero
