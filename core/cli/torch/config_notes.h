// What `config show` and `config check` share.
#pragma once

#include "core/cli/delegated/config.h"

namespace tinyzero {

struct OpenedRun;

// The run of an experiment, without its weights.
OpenedRun open_shapes(const GlobalOptions& global, const ConfigOptions& options);

// Prints to standard error, for people, what the run will leave out and what this machine lacks.
void print_notes(const OpenedRun& run);

}  // namespace tinyzero
