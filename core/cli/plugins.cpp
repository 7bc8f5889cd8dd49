#include "core/cli/plugins.h"

#include <fmt/format.h>

#include <cstdio>

namespace tinyzero {

PluginCatalog scan_plugins(const GlobalOptions& global) {
  return PluginCatalog::scan(global.plugin_folders, [](const std::string& problem) {
    fmt::print(stderr, "warning: {}\n", problem);
  });
}

}  // namespace tinyzero
