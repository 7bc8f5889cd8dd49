// The folder checkpoints/ of a run: which folders in it are checkpoints, and in which order.
//
// Only folders with exactly the names that checkpoint_name gives count, by the numbers in them.
// Whatever else lies in checkpoints/ is somebody's own, and is neither read nor deleted; nor is a
// checkpoint deleted into which somebody has put files.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/file.h"

namespace tinyzero {

enum class Phase { warm_start, reinforce };

// Name of the checkpoint after a step: "warm-000200", "step-000020".
std::string checkpoint_name(Phase phase, std::int64_t step);

// What checkpoint_name made such a name of; nothing if it made no such name.
struct CheckpointPlace {
  Phase phase = Phase::warm_start;
  std::int64_t step = 0;

  auto operator<=>(const CheckpointPlace&) const = default;
};
std::optional<CheckpointPlace> checkpoint_place(const std::string& name);

// Folders of the checkpoints of a run, oldest first: by phase, then by the number of their step.
std::vector<fs::path> list_checkpoints(const fs::path& folder);

// Deletes a checkpoint, unless somebody has put files into it.
void remove_checkpoint(const fs::path& path);

// Where a checkpoint of this name is written before it is whole.
fs::path partial_checkpoint(const fs::path& folder, const std::string& name);

// Lets what was written there be the checkpoint. One that has the name already goes; what is not
// this program's own gets another name, which counts for none.
void publish_checkpoint(const fs::path& folder, const std::string& name);

// Removes what a crash left of writing or deleting checkpoints.
void remove_unfinished(const fs::path& folder);

// Lets checkpoints/best name a checkpoint that is there. File systems without links do without, and
// what somebody else calls so stays.
void link_best(const fs::path& folder, const std::string& name);

}  // namespace tinyzero
