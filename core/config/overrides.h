// Overrides on the command line: "train.steps=100" lies over what a file sets.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/config/node.h"

namespace tinyzero {

// Applies "a.b.c=value" (the value is YAML) to a map; new keys are added. Throws Error, also for an
// empty value, which would either set nothing or delete what the file sets.
void apply_override(Node& root, const std::string& assignment);

// Reads a file, with everything it extends, and applies the overrides. Mistakes in overrides are
// collected in `mistakes`.
Node load_with_overrides(const std::filesystem::path& path,
                         const std::vector<std::string>& overrides, Mistakes& mistakes);

}  // namespace tinyzero
