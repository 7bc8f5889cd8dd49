// config show · check · schema

#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plan.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"
#include "core/config/schema.h"
#include "core/task/settings.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

OpenedRun open_parts(const GlobalOptions& global, const ConfigOptions& options) {
  return OpenedRun::load(options.config, options.overrides, scan_plugins(global),
                         {.weights = false});
}

// The tables of all plugins that can be used, over settings that live in here; one that cannot be
// loaded is a warning.
struct PluginTables {
  std::vector<TaskSettings> tasks;
  std::vector<std::unique_ptr<Algorithm>> algorithms;

  void add_tasks(const PluginCatalog& catalog, std::vector<PluginTable>& out) {
    for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_TASK)) {
      try {
        const TaskAbout about = load_task_code(file, false)->about();
        tasks.emplace_back(about);
        out.push_back({about.id, about.title, about.doc, tasks.back().table(), {}});
      } catch (const std::exception& e) {
        print(stderr, "warning: {}\n", e.what());
      }
    }
  }
  void add_algorithms(const PluginCatalog& catalog, std::vector<PluginTable>& out) {
    for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_ALGORITHM)) {
      try {
        const AlgorithmModule& module = load_algorithm_module(file);
        algorithms.push_back(module.make());
        PluginTable plugin{module.id, module.title, module.doc, {}, {}};
        algorithms.back()->describe(plugin.table);
        for (const Variant& variant : algorithms.back()->variants())
          plugin.variants.push_back({variant.name, variant.doc});
        out.push_back(std::move(plugin));
      } catch (const std::exception& e) {
        print(stderr, "warning: {}\n", e.what());
      }
    }
  }
};

// What the run will not do, and what this machine cannot: on standard error, for people.
void print_notes(const OpenedRun& parts) {
  for (const std::string& note : parts.notes) print(stderr, "note: {}\n", note);
  for (const std::string& warning : memory_warnings(shape_of(parts)))
    print(stderr, "warning: {}\n", warning);
}

}  // namespace

int config_show_command(const GlobalOptions& global, const ConfigOptions& options) {
  const OpenedRun parts = open_parts(global, options);
  if (options.json) {
    Json out = Json::object();
    for (const ResolvedSetting& setting : parts.resolved())
      out[setting.path] = {{"value", setting.value}, {"origin", setting.origin.text()}};
    print_json(out);
    return 0;
  }
  for (const ResolvedSetting& setting : parts.resolved())
    print("{:<28} {:<16} {}\n", setting.path, setting.value, setting.origin.text());
  print("\n");
  for (const std::string& line : arithmetic_lines(parts)) print("{}\n", line);
  print_notes(parts);
  return 0;
}

int config_check_command(const GlobalOptions& global, const ConfigOptions& options) {
  const OpenedRun parts = open_parts(global, options);
  const Experiment& e = parts.experiment;
  if (options.json) {
    Json out = {{"ok", true},
                {"parameters", parts.model.config.parameters()},
                {"episodes_a_step", e.rollout.prompts * e.rollout.samples},
                {"held_out", parts.held_out.items.size()}};
    out.update(arithmetic_json(parts));
    out["notes"] = parts.notes;
    out["warnings"] = memory_warnings(shape_of(parts));
    out["fits"] = out["warnings"].empty();
    print_json(out);
    return 0;
  }
  print("{} is a valid experiment\n", options.config);
  print("  {} · {} · {}\n", parts.task.about().id, e.algorithm.use, model_label(parts));
  for (const std::string& line : arithmetic_lines(parts)) print("  {}\n", line);
  print_notes(parts);
  return 0;
}

int config_schema_command(const GlobalOptions& global, const ConfigSchemaOptions& options) {
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
