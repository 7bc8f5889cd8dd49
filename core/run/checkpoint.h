// Checkpoints: a Hugging Face folder plus the trainer's own state.
//
//   checkpoints/step-000020/   config.json, model.safetensors, tokenizer.json … (any tool opens it)
//                trainer/      state.json, optimizer.safetensors, checksums.json (resume needs it)
//                adapter/      an adapter that learned, as PEFT writes it; model.safetensors holds
//                              it merged
//                trainer/NAME/ an auxiliary model: a Hugging Face folder, its
//                              optimizer.safetensors, and adapter/ if an adapter learns
//   checkpoints/best           a link to the best one, where a run keeps it
//
// A checkpoint is written under a hidden name, flushed, and renamed, and gets a hidden name again
// before it is deleted: at every moment it is whole or not there.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/model/adapter.h"
#include "core/model/parameters.h"
#include "core/model/safetensors.h"
#include "core/run/checkpoint_folder.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

// What RL has cost so far.
struct Spent {
  double tokens = 0;   // completion tokens: once when sampled, once in every pass that learns from
                       // them or reads them
  double seconds = 0;  // of steps, without evaluation and checkpoints
};

struct TrainerState {
  Phase phase = Phase::warm_start;
  std::int64_t step = 0;                     // steps of this phase that are done
  double seconds = 0;                        // of the run so far
  Spent spent;                               // by RL
  std::int64_t metrics_bytes = 0;            // length of metrics.jsonl
  std::int64_t skipped = 0;                  // updates that were skipped so far
  std::map<std::string, double> first_step;  // what alarms compare later steps with
  std::map<std::string, double> kept;        // numbers that last from step to step
  std::int64_t best_step =
      -1;  // of RL, whose checkpoint is the best so far; -1: none is kept for that
  double best_accuracy = -1;    // its sampled accuracy
  Json curriculum;              // levels of the tasks; null: there are none
  bool evaluation_due = false;  // the run was stopped after the step and before its evaluation
};

// A model and its optimizer as they are saved. What the optimizer remembers is tensors of its own
// types, among them first_moment and second_moment with a number for each that learns, in the order
// of the weights or of the adapter's values; none: frozen.
struct ModelView {
  const Model* model = nullptr;
  std::int64_t steps = 0;
  std::map<std::string, TensorInfo> moments = {};
  const Adapter* adapter = nullptr;
  Dtype dtype = Dtype::f32;  // of the weights in the file
};

// As they are read; no file: frozen, or an optimizer that has taken no step.
struct OptimizerState {
  std::int64_t steps = 0;
  std::shared_ptr<const SafetensorsFile> moments = nullptr;
};
struct SavedModel {
  Model model;
  OptimizerState optimizer;
};

struct Checkpoint {
  fs::path folder;
  TrainerState state;
  OptimizerState policy;
  std::map<std::string, SavedModel> sides;
  bool has_checksums = true;  // false: an older program wrote it, and its bytes were not checked
};

// What decides how many bytes a model of a checkpoint takes, known before there is one.
struct CheckpointModel {
  std::int64_t weights = 0;          // numbers
  Dtype dtype = Dtype::f32;          // of the weights in the file
  std::int64_t moment_bytes = 0;     // of what the optimizer remembers
  std::int64_t adapter_values = 0;   // floats
  std::int64_t companion_bytes = 0;  // of the files that came with the model
};
// Bytes that it takes with its configuration and tokenizer, about.
std::uintmax_t checkpoint_bytes(const CheckpointModel& model);

// The same of whole checkpoints.
std::uintmax_t checkpoint_bytes(const ModelView& policy,
                                const std::map<std::string, ModelView>& sides);

// Of the files that came with a model; 0 for a new one.
std::int64_t companion_bytes(const Model& model);

// Throws Failure if `bytes` more do not fit where `folder` is. `what` is for the message:
// "checkpoint step-000020".
void check_space(const fs::path& folder, std::uintmax_t bytes, const std::string& what);

// "12 MB", "3.4 GB": decimal, as disks are sold.
std::string size_text(double bytes);

// Writes checkpoints/<name> under `folder`, then deletes the oldest beyond `keep`, but not the
// best. Throws Failure before it writes anything if the space does not suffice, or a weight or
// moment is not finite: such a checkpoint could not be gone on from, and would push out good ones.
void save_checkpoint(const fs::path& folder, const ModelView& policy,
                     const std::map<std::string, ModelView>& sides, const Tokenizer& tokenizer,
                     const TrainerState& state, std::int64_t keep);

// The newest whole checkpoint, whose weights are read into `model`, and into its adapter if it has
// one. A damaged one is reported through `warn` with the one that is taken instead, the one before
// it. One without checksums is reported, too. Nothing if there is none at all; throws Error if all
// are damaged.
std::optional<Checkpoint> load_checkpoint(const fs::path& folder, Model& model,
                                          const std::function<void(const std::string&)>& warn,
                                          Adapter* adapter = nullptr);

// Reads one checkpoint, its weights into `model`; with `adapter`, of `model`, into that, which is
// merged. Throws Error if it is damaged or of another shape, or if adapter and base do not make its
// weights: the error names the file or tensor, and the hint the checkpoint before it.
Checkpoint read_checkpoint(const fs::path& folder, Model& model, Adapter* adapter = nullptr);

// `folder` holds `model` and its adapter: reads that into `adapter` and merges it. Throws Error if
// adapter and base do not make the model's weights.
void restore_adapter(const fs::path& folder, Model& model, Adapter& adapter);

}  // namespace tinyzero
