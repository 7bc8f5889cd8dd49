// algorithm list · show · explain

#include <iostream>
#include <iterator>

#include "core/algorithm/explain.h"
#include "core/algorithm/plugin.h"
#include "core/base/error.h"
#include "core/base/file.h"
#include "core/cli/options.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/terminal.h"

namespace tinyzero {

int algorithm_list_command(const GlobalOptions& global, const AlgorithmOptions& options) {
  const PluginCatalog catalog = scan_plugins(global);
  for (const PluginFile& file : catalog.of_type(TINYZERO_NOTE_ALGORITHM)) {
    try {
      const AlgorithmModule& module = load_algorithm_module(file);
      if (options.json)
        print_json({{"id", module.id}, {"title", module.title}, {"path", file.path.string()}});
      else print("{:<16} {}\n", module.id, module.title);
    } catch (const std::exception& e) {
      print(stderr, "warning: {}\n", e.what());
    }
  }
  return 0;
}

int algorithm_show_command(const GlobalOptions& global, const AlgorithmOptions& options) {
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_ALGORITHM, options.name);
  const AlgorithmModule& module = load_algorithm_module(file);
  const auto algorithm = module.make();
  SettingsTable table;
  algorithm->describe(table);
  if (options.json) {
    Json variants = Json::array();
    for (const Variant& v : algorithm->variants())
      variants.push_back({{"name", v.name}, {"doc", v.doc}, {"settings", Json(v.settings)}});
    print_json({{"id", module.id},
                {"title", module.title},
                {"doc", module.doc},
                {"settings", settings_json(table)},
                {"variants", variants},
                {"path", file.path.string()}});
    return 0;
  }
  print("{} · {}\n{}\n\n{}\n\nsettings\n", module.id, module.title, module.doc, file.path.string());
  print_settings(table);
  if (!algorithm->variants().empty()) print("\nvariant: NAME stands for\n");
  for (const Variant& v : algorithm->variants()) {
    std::string words;
    for (const auto& [name, value] : v.settings)
      words += (words.empty() ? "" : ", ") + name + ": " + value;
    print("  {:<22} {}\n  {:<22} {}\n", v.name, v.doc, "", words);
  }
  return 0;
}

int algorithm_explain_command(const GlobalOptions& global, const AlgorithmOptions& options) {
  const Node settings = settings_from_words(options.settings);
  const ConfiguredAlgorithm configured =
      open_algorithm(scan_plugins(global), options.name, &settings);
  const bool piped = options.batch == "-";
  const std::string text =
      piped ? std::string(std::istreambuf_iterator<char>(std::cin), {}) : read_file(options.batch);
  const std::string where = piped ? "standard input" : options.batch;
  print_json(explain(*configured.algorithm, batch_from_json(parse_json(text, where), where)));
  return 0;
}

}  // namespace tinyzero
