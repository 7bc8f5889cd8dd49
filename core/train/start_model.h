// The model that a run begins with: made by the experiment's settings, or read from a folder.
#pragma once

#include <memory>
#include <string>

#include "core/base/file.h"
#include "core/config/experiment.h"
#include "core/model/adapter.h"
#include "core/model/parameters.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

// Where the first of two settings was written; the second, if the first was not.
Place place_of(const Experiment& experiment, const std::string& one, const std::string& other);

// `start`, here and below, is the folder of the start model; empty: a new model is made.

// Throws Error, with the place of model.path, if the folder is none of a model. `with_weights`: it
// needs them, too.
void check_start_folder(const Experiment& experiment, const fs::path& start, bool with_weights);

Tokenizer start_tokenizer(const Experiment& experiment, const fs::path& start);

// Throws Error if the settings of a new model contradict each other, or if completions of a model
// could never end.
ModelConfig start_config(const Experiment& experiment, const Tokenizer& tokenizer,
                         const fs::path& start);

// With its weights, rounded to bf16 where train.weights says so.
Model start_weights(const Experiment& experiment, const ModelConfig& config, const fs::path& start);

// Whether the folder holds weights, all of them in bf16. Throws Error if they are not those of its
// config.json.
bool is_stored_in_bf16(const fs::path& start);

// Throws Error for a lora.rank that is larger than a matrix.
void check_rank(const Experiment& experiment, const Model& model);

// The adapter that learns; null where lora.rank is 0.
std::unique_ptr<Adapter> new_adapter(const Experiment& experiment, const Model& model);

// What model.path stands for in an earlier run: itself, or, if that is gone, the newest checkpoint
// of the run's folder that can be read.
fs::path start_of_run(const Experiment& experiment, const fs::path& folder);

}  // namespace tinyzero
