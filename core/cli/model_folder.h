// Opening a model that a person named: a Hugging Face folder, or a run, which stands for its newest checkpoint.
#pragma once

#include <string>

#include "core/base/file.h"

namespace tinyzero {

// True for a run folder (it has a config.yaml and checkpoints).
bool is_run_folder(const fs::path& path);

// The Hugging Face folder that `path` stands for; throws Error if there is none.
fs::path model_folder(const fs::path& path);

}  // namespace tinyzero
