// What `compare` says of results without training: of a comparison.json, and how many seeds
// differences take.
#pragma once

#include "core/base/json.h"
#include "core/cli/delegated/compare.h"

namespace tinyzero {

// Prints the table of options.config, a comparison.json, with its statistics computed anew; or what
// its seeds find, with --plan --power. Throws Error for options that need an experiment.
int show_comparison(const CompareOptions& options);

// Prints what the seeds of a comparison find. `summary` is a comparison.json, with or without runs;
// a test has `completions`.
int show_power(const CompareOptions& options, const Json& summary, std::size_t completions);

}  // namespace tinyzero
