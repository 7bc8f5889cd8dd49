#include "core/cli/model_folder.h"

#include "core/base/error.h"
#include "core/run/checkpoint.h"

namespace tinyzero {

bool is_run_folder(const fs::path& path) { return fs::exists(path / "config.yaml") && fs::is_directory(path / "checkpoints"); }

fs::path model_folder(const fs::path& path) {
  if (!is_run_folder(path)) {
    if (!fs::is_directory(path)) throw Error("no folder " + path.string(), "give a Hugging Face folder or a run");
    if (!fs::exists(path / "config.json"))
      throw Error(path.string() + " is neither a Hugging Face folder (no config.json) nor a run (no config.yaml)");
    return path;
  }
  const auto checkpoints = list_checkpoints(path / "checkpoints");
  if (checkpoints.empty())
    throw Error("the run " + path.string() + " has no checkpoint yet", "wait for the first one, or go on with `train --resume`");
  return checkpoints.back();
}

}  // namespace tinyzero
