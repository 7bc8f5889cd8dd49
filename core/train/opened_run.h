// What a run works with, opened and checked before anything is written.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/algorithm/plugin.h"
#include "core/base/file.h"
#include "core/config/experiment.h"
#include "core/forecast/memory.h"
#include "core/model/adapter.h"
#include "core/model/parameters.h"
#include "core/task/stream.h"
#include "core/text/tokenizer.h"

namespace tinyzero {

// Of the framed prompts of the held-out problems.
struct PromptSizes {
  std::int64_t longest = 0;   // tokens
  double bytes_of_token = 1;  // of text that a token stands for, in the mean
};

struct OpenedRun {
  Experiment experiment;
  Task task;
  ConfiguredAlgorithm algorithm;
  Model model;
  Tokenizer tokenizer;
  std::string framing;  // of prompts: "bare", "base" or "qwen"
  EvalSet held_out;
  std::int64_t resident_before_model = 0;  // bytes of this process before it held weights
  std::unique_ptr<Adapter>
      adapter;  // of the model, with what it began with as base; null: all weights learn
  PromptSizes prompts;
  bool chose_micro_batch = false;  // train.micro_batch was 0
  bool base_is_bf16 = false;       // all weights of the start folder are stored so
  std::vector<std::string>
      notes;  // of a new run: what it will not do although its settings say it (idle_settings.h)

  // Opens plugins and model, takes the kernels of the precision into use, draws the held-out set
  // and checks that prompts and completions fit the context, and that settings do not contradict
  // each other; where train.micro_batch is 0, chooses it by the memory that is available. Throws
  // Error, or Errors.
  static OpenedRun open(Experiment experiment, const PluginCatalog& catalog);

  // The same without weights, for what shapes alone say: a folder needs config.json and
  // tokenizer.json. The model's weights are empty, and there is no adapter; nothing is allocated by
  // the size of the model or of a step.
  static OpenedRun open_shapes(Experiment experiment, const PluginCatalog& catalog);

  // open() of an experiment that a comparison wrote, whose settings it has checked against each
  // other.
  static OpenedRun open_planned(Experiment experiment, const PluginCatalog& catalog);

  // Both for a file with overrides on top, of which all mistakes are found in one go.
  static OpenedRun load(const fs::path& file, const std::vector<std::string>& overrides,
                        const PluginCatalog& catalog);
  static OpenedRun load_shapes(const fs::path& file, const std::vector<std::string>& overrides,
                               const PluginCatalog& catalog);

  // The same of an earlier run, by its folder. Where model.path is not there any more, shape and
  // tokenizer are those of its newest checkpoint that can be read; its weights come from a
  // checkpoint in any case.
  static OpenedRun open_run(const fs::path& folder, const PluginCatalog& catalog);

  // Every setting with its origin, those of the plugins included.
  std::vector<ResolvedSetting> resolved() const;

 private:
  struct Opening;
  static OpenedRun open(Experiment experiment, const PluginCatalog& catalog, const Opening& opening,
                        Mistakes& mistakes);
  static OpenedRun load(const fs::path& file, const std::vector<std::string>& overrides,
                        const PluginCatalog& catalog, bool weights);
};

// Dotted keys of the settings of the task and the algorithm that an experiment uses, of those of
// them that can be opened.
std::vector<std::string> plugin_keys(const Node& experiment, const PluginCatalog& catalog);

// "tiny 1.0M", "Qwen2.5-0.5B 494M + LoRA 8.8M".
std::string model_label(const OpenedRun& parts);

// What a forecast of its memory and time looks at.
RunShape shape_of(const OpenedRun& parts);

}  // namespace tinyzero
