// The plugins that a command can use.
#pragma once

#include "core/cli/commands.h"
#include "core/plugin/library.h"

namespace tinyzero {

// Those of the search path. What is wrong with a file or folder is a warning on standard error, and
// so is what others could change.
PluginCatalog scan_plugins(const GlobalOptions& global);

}  // namespace tinyzero
