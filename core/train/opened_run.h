// What a run works with, opened and checked before anything is written.
#pragma once

#include <memory>
#include <optional>
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

class Ranks;

// The framed prompts of the held-out problems.
struct PromptSizes {
  std::int64_t longest = 0;   // tokens
  double bytes_of_token = 1;  // mean bytes of text for each token
};

struct OpenOptions {
  // Whether weights are read or made. Without them the model is a shape, there is no adapter, a
  // start folder needs only config.json and tokenizer.json, and nothing is allocated by the size of
  // the model or of a step.
  bool weights = true;
  // Whether settings without effect are refused or noted (idle_settings.h). Not for a run that
  // began earlier, nor for one that a comparison wrote after its own checks.
  bool check_idle_settings = true;
  Ranks* ranks = nullptr;  // the processes that will train it, which divide the shards; null: one
};

struct OpenedRun {
  Experiment experiment;
  Task task;
  std::optional<Task> demonstrations;  // what the warm start imitates, if not `task`
  ConfiguredAlgorithm algorithm;
  Model model;
  Tokenizer tokenizer;
  std::string framing;  // of prompts: "bare", "base" or "qwen"
  EvalSet held_out;
  std::int64_t resident_before_model = 0;  // bytes of this process before it held weights
  // The adapter of the model, whose base is the model as it was loaded; null: all weights learn.
  std::unique_ptr<Adapter> adapter = nullptr;
  PromptSizes prompts = {};
  bool chose_micro_batch = false;       // train.micro_batch was 0
  bool chose_shards = false;            // train.shards was 0
  bool base_is_bf16 = false;            // the start folder stores all weights in bf16
  Ranks* ranks = nullptr;               // the processes that train it; null: one
  std::vector<std::string> notes = {};  // what a new run will not do although its settings say so

  // Each of these opens plugins and model, puts the kernels of the precision into use for the whole
  // process, draws the held-out set, and checks that prompts and completions fit the context and
  // that settings do not contradict each other. Where train.micro_batch is 0, it is chosen by the
  // memory that is available. All throw Error, or Errors for several mistakes.
  static OpenedRun open(Experiment experiment, const PluginCatalog& catalog,
                        OpenOptions options = {});
  // A file with overrides: all its mistakes are found in one go.
  static OpenedRun load(const fs::path& file, const std::vector<std::string>& overrides,
                        const PluginCatalog& catalog, OpenOptions options = {});
  // An earlier run, by its folder. If model.path no longer exists, shape and tokenizer come from
  // the run's newest readable checkpoint; the caller reads the weights from a checkpoint in any
  // case.
  static OpenedRun open_run(const fs::path& folder, const PluginCatalog& catalog,
                            Ranks* ranks = nullptr);

  void set_micro_batch(std::int64_t tokens);  // also among the resolved settings

  const Task& demonstrated() const { return demonstrations ? *demonstrations : task; }
  // The task whose problems the steps of RL work on.
  const Task& stepped() const { return experiment.train.imitate ? demonstrated() : task; }
  // The libraries of both tasks, each once.
  std::vector<fs::path> task_libraries() const;

  // Every setting with its origin, those of the plugins included.
  std::vector<ResolvedSetting> resolved() const;

 private:
  struct Source;
  static OpenedRun open(Source source, const PluginCatalog& catalog, Mistakes& mistakes);
};

// Dotted keys of the settings of the task and the algorithm that an experiment uses, as far as both
// can be opened.
std::vector<std::string> plugin_keys(const Node& experiment, const PluginCatalog& catalog);

// "tiny 1.0M", "Qwen2.5-0.5B 494M + LoRA 8.8M".
std::string model_label(const OpenedRun& run);

// What a forecast of memory and time needs to know.
RunShape shape_of(const OpenedRun& run);

// Throws Error if so many ranks cannot divide the shards.
void check_shards(std::int64_t shards, std::int64_t ranks);

}  // namespace tinyzero
