// The folder checkpoints/ of a run: which folders in it are checkpoints, and their order.
//
// Only folders with the exact names of checkpoint_name count, ordered by their numbers. Everything
// else in checkpoints/ belongs to the user and is neither read nor deleted, and so is a checkpoint
// to which the user has added files: it is never deleted.
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

// The phase and step in a name of checkpoint_name; nothing for any other name.
struct CheckpointStep {
  Phase phase = Phase::warm_start;
  std::int64_t step = 0;

  auto operator<=>(const CheckpointStep&) const = default;
};
std::optional<CheckpointStep> parse_checkpoint_name(const std::string& name);

// The folders of a run's checkpoints, oldest first: by phase, then by step.
std::vector<fs::path> list_checkpoints(const fs::path& folder);

// Deletes a checkpoint, unless the user has added files to it.
void remove_checkpoint(const fs::path& path);

// The hidden folder for a checkpoint that is not complete yet.
fs::path partial_checkpoint(const fs::path& folder, const std::string& name);

// Gives the hidden folder its final name. An older checkpoint of that name is deleted; a folder of
// the user is renamed, so that it no longer counts as a checkpoint.
void publish_checkpoint(const fs::path& folder, const std::string& name);

// Removes hidden folders that a crash has left behind.
void remove_unfinished(const fs::path& folder);

// Makes checkpoints/best a link to an existing checkpoint. Does nothing on file systems without
// links, or if the user has a file of that name.
void link_best(const fs::path& folder, const std::string& name);

}  // namespace tinyzero
