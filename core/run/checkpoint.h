// Checkpoints: a Hugging Face folder plus the trainer's own state.
//
//   checkpoints/step-000020/   config.json, model.safetensors, tokenizer.json … (any tool opens it)
//                trainer/      state.json, optimizer.safetensors, checksums.json (resume needs it)
//                adapter/      a trained adapter in PEFT's form; model.safetensors has it merged
//                trainer/ahead.safetensors: the next step's completions, with rollout.ahead
//                trainer/NAME/ an auxiliary model: a Hugging Face folder, its
//                              optimizer.safetensors, and adapter/ if an adapter learns
//   checkpoints/best           a link to the best one, if the run keeps it
//
// A checkpoint is written under a hidden name, flushed, and renamed; before it is deleted it gets a
// hidden name again. So a visible checkpoint is always complete.
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
#include "core/run/noise_scale.h"
#include "core/run/spent.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

struct TrainerState {
  Phase phase = Phase::warm_start;
  std::int64_t step = 0;                     // steps done in this phase
  double seconds = 0;                        // time of the run so far
  Spent spent;                               // by RL
  GradientSignal gradient_signal;            // of recent steps
  std::int64_t metrics_bytes = 0;            // length of metrics.jsonl
  std::int64_t skipped = 0;                  // skipped updates so far
  std::map<std::string, double> first_step;  // metrics that alarms compare later steps with
  std::map<std::string, double> kept;        // the algorithm's numbers that persist between steps
  std::int64_t best_step = -1;               // RL step of the best checkpoint; -1 if none is kept
  double best_accuracy = -1;                 // its sampled accuracy
  Json curriculum;                           // levels of the tasks; null without a curriculum
  Json evaluations;  // state of the schedule of evaluations; null: it has none
  // Of the first step that changed the policy: what it added to sums of weights; empty before it.
  std::vector<double> first_update;
  bool evaluation_due = false;  // whether the run stopped after the step, before its evaluation
};

// A model and its optimizer for saving.
struct ModelView {
  const Model* model = nullptr;
  std::int64_t steps = 0;  // of the optimizer
  // The optimizer's tensors, of its own types. Two of them are first_moment and second_moment, with
  // one number per learning weight or adapter value, in their order. Empty for a frozen model.
  std::map<std::string, TensorInfo> moments = {};
  TensorReader read_moments = nullptr;  // for write_tensors(); null: they have their data
  const Adapter* adapter = nullptr;
  Dtype dtype = Dtype::f32;  // of the weights in the file
};

struct OptimizerState {
  std::int64_t steps = 0;
  // Null for a frozen model and for an optimizer that has taken no step.
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
  std::map<std::string, SavedModel> auxiliary_models;
  // What content.ahead held; null: nothing.
  std::shared_ptr<const SafetensorsFile> ahead = nullptr;
  bool has_checksums = true;  // false if an older program wrote it: its bytes were not checked
};

// The sizes that decide how large a model is in a checkpoint, known before it is written.
struct CheckpointModel {
  std::int64_t weights = 0;          // number of weights
  Dtype dtype = Dtype::f32;          // of the weights in the file
  std::int64_t moment_bytes = 0;     // size of the optimizer's state
  std::int64_t adapter_values = 0;   // number of floats in the adapter
  std::int64_t companion_bytes = 0;  // size of the files that came with the model
};
// The approximate size of a model with its configuration and tokenizer.
std::uintmax_t checkpoint_bytes(const CheckpointModel& model);

// The approximate size of a whole checkpoint.
std::uintmax_t checkpoint_bytes(const ModelView& policy,
                                const std::map<std::string, ModelView>& auxiliary_models);

// The size of the files that came with a model; 0 for a new one.
std::int64_t companion_bytes(const Model& model);

// Throws Failure if `bytes` more do not fit where `folder` is. `what` is for the message:
// "checkpoint step-000020".
void check_space(const fs::path& folder, std::uintmax_t bytes, const std::string& what);

// "12 MB", "3.4 GB": in decimal units, as disks are sold.
std::string size_text(double bytes);

// The content of a new checkpoint.
struct CheckpointContent {
  ModelView policy;
  std::map<std::string, ModelView> auxiliary_models = {};
  const Tokenizer& tokenizer;
  const TrainerState& state;
  // Of a step that was sampled before its turn; empty: there is none.
  std::map<std::string, TensorInfo> ahead = {};
};

// Writes a checkpoint into `folder`, named by its state; then deletes the oldest ones, except the
// best, until `keep` are left. Throws Failure before it writes anything if there is not enough
// space, or if a weight or moment is not finite: such a checkpoint would be of no use, and would
// replace good ones.
void save_checkpoint(const fs::path& folder, const CheckpointContent& content, std::int64_t keep);

// Takes part in what save_checkpoint() reads, without writing anything: where read_moments() needs
// all ranks.
void read_along(const CheckpointContent& content);

// Reads the newest undamaged checkpoint into `model`, and into `adapter` if it is not null. Reports
// through `warn` each damaged checkpoint, with the older one that is tried next, and a checkpoint
// without checksums. Nothing if there is no checkpoint. Throws Error if all are damaged.
std::optional<Checkpoint> load_checkpoint(const fs::path& folder, Model& model,
                                          const std::function<void(const std::string&)>& warn,
                                          Adapter* adapter = nullptr);

// Reads one checkpoint into `model`. If `adapter`, the adapter of `model`, is not null, it is read
// and merged instead. Throws Error if the checkpoint is damaged or of another shape, or if base and
// adapter do not add up to its weights. The error names the file or tensor, the hint the checkpoint
// before it.
Checkpoint read_checkpoint(const fs::path& folder, Model& model, Adapter* adapter = nullptr);

// How far the run of a checkpoint was. Throws Error if the file is damaged.
TrainerState read_trainer_state(const fs::path& folder);

// Reads the adapter of `model` from `folder` into `adapter` and merges it. Throws Error if base and
// adapter do not add up to the model's weights.
void restore_adapter(const fs::path& folder, Model& model, Adapter& adapter);

}  // namespace tinyzero
