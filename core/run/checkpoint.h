// Checkpoints: a Hugging Face folder plus the trainer's own state beside it.
//
//   checkpoints/step-000020/   config.json, model.safetensors, tokenizer.json …   (any tool opens it)
//                trainer/      state.json, optimizer.safetensors                   (resume needs it)
//
// A checkpoint is written under a hidden name, flushed, and renamed: at every moment it is whole or not there.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/model/parameters.h"
#include "core/model/safetensors.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

enum class Phase { warm_start, reinforce };

struct TrainerState {
  Phase phase = Phase::warm_start;
  std::int64_t step = 0;  // steps of this phase that are done
  std::int64_t optimizer_steps = 0;
  double seconds = 0;              // of the run so far
  std::int64_t metrics_bytes = 0;  // length of metrics.jsonl
};

struct Checkpoint {
  fs::path folder;
  TrainerState state;
  std::vector<float> first_moment, second_moment;  // of the optimizer, in the order of the weights
};

// Writes checkpoints/<name> under `folder`, then deletes the oldest beyond `keep`.
void save_checkpoint(const fs::path& folder, const Model& model, const Tokenizer& tokenizer, const TrainerState& state,
                     const float* first_moment, const float* second_moment, std::int64_t keep);

// The newest whole checkpoint, whose weights are read into `model`. A damaged one is reported through `warn` and the one before it is
// taken. Nothing if there is none at all; throws Error if all are damaged.
std::optional<Checkpoint> load_checkpoint(const fs::path& folder, Model& model, const std::function<void(const std::string&)>& warn);

// Folders of the checkpoints of a run, oldest first.
std::vector<fs::path> list_checkpoints(const fs::path& folder);

}  // namespace tinyzero
