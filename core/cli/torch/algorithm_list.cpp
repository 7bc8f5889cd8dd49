// algorithm list: the algorithms that can be used.

#include "core/algorithm/plugin.h"
#include "core/cli/delegated/algorithm.h"
#include "core/cli/output.h"
#include "core/cli/plugins.h"

namespace tinyzero {

int run_algorithm_list(const GlobalOptions& global, const AlgorithmListOptions& options) {
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

}  // namespace tinyzero
