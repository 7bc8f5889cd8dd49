#include "core/cli/torch/config_notes.h"

#include "core/cli/output.h"
#include "core/cli/plugins.h"
#include "core/forecast/memory.h"
#include "core/train/opened_run.h"
#include "core/train/probe.h"

namespace tinyzero {

OpenedRun open_shapes(const GlobalOptions& global, const ConfigOptions& options) {
  return OpenedRun::load(options.config, options.overrides, scan_plugins(global),
                         {.weights = false});
}

void print_notes(const OpenedRun& run) {
  for (const std::string& note : run.notes) print(stderr, "note: {}\n", note);
  for (const std::string& warning : memory_warnings(shape_of(run)))
    print(stderr, "warning: {}\n", warning);
}

}  // namespace tinyzero
