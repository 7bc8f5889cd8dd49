#include "core/cli/plugins.h"

#include "core/cli/output.h"

namespace tinyzero {

PluginCatalog scan_plugins(const GlobalOptions& global) {
  return PluginCatalog::scan(global.plugin_folders, [](const std::string& problem) {
    print(stderr, "warning: {}\n", problem);
  });
}

}  // namespace tinyzero
