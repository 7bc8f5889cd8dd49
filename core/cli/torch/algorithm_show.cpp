// algorithm show: an algorithm, its settings and its variants.

#include "core/algorithm/plugin.h"
#include "core/cli/delegated/algorithm.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/cli/settings_text.h"

namespace tinyzero {
namespace {

Json variants_json(const Algorithm& algorithm) {
  Json out = Json::array();
  for (const Variant& v : algorithm.variants())
    out.push_back({{"name", v.name}, {"doc", v.doc}, {"settings", Json(v.settings)}});
  return out;
}

void print_variants(const Algorithm& algorithm) {
  if (!algorithm.variants().empty()) print("\nvariant: NAME stands for\n");
  for (const Variant& v : algorithm.variants()) {
    std::string words;
    for (const auto& [name, value] : v.settings)
      words += (words.empty() ? "" : ", ") + name + ": " + value;
    print("  {:<22} {}\n  {:<22} {}\n", v.name, v.doc, "", words);
  }
}

}  // namespace

int run_algorithm_show(const GlobalOptions& global, const AlgorithmShowOptions& options) {
  const PluginFile file = scan_plugins(global).find(TINYZERO_NOTE_ALGORITHM, options.name);
  const AlgorithmModule& module = load_algorithm_module(file);
  const auto algorithm = module.make();
  SettingsTable table;
  algorithm->describe(table);
  if (options.json) {
    print_json({{"id", module.id},
                {"title", module.title},
                {"doc", module.doc},
                {"settings", settings_json(table)},
                {"variants", variants_json(*algorithm)},
                {"path", file.path.string()}});
    return 0;
  }
  print("{} · {}\n{}\n\n{}\n\nsettings\n", module.id, module.title, module.doc, file.path.string());
  print("{}", settings_text(table));
  print_variants(*algorithm);
  return 0;
}

}  // namespace tinyzero
