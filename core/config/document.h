// An experiment file with everything that it extends, in long forms.
#pragma once

#include <filesystem>

#include "core/config/node.h"

namespace tinyzero {

// Replaces short forms by long ones: `task: NAME` becomes `task: {use: NAME}`, and likewise for
// `demonstrations`, `algorithm` and the tasks of a mixture.
void expand_short_forms(Node& root);

// Reads a file and the files it extends (paths are relative to the extending file), in long forms.
// A section that names another plugin in `use` inherits nothing from the extended file's section.
// The result is a map without the key `extends`.
Node load_yaml(const std::filesystem::path& path);

}  // namespace tinyzero
