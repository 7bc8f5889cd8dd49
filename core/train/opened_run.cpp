#include "core/train/opened_run.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/config/overrides.h"
#include "core/forecast/gpu.h"
#include "core/kernels/kernels.h"
#include "core/learn/model_workers.h"
#include "core/ranks/ranks.h"
#include "core/rollout/cuda/device.h"
#include "core/run/checkpoint.h"
#include "core/task/hosting.h"
#include "core/task/open_task.h"
#include "core/task/settings.h"
#include "core/task/traits.h"
#include "core/text/prompt.h"
#include "core/train/idle_settings.h"
#include "core/train/imitation_checks.h"
#include "core/train/start_model.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

// Throws Error, with the place of `use`, if no file holds the plugin.
void check_found(const PluginCatalog& catalog, std::uint32_t type, const PluginChoice& choice) {
  try {
    catalog.find(type, choice.use);
  } catch (const Error& e) {
    throw Error(place_of(choice.settings.find("use")), e.what(), e.hint());
  }
}

Task open_task(const PluginCatalog& catalog, const PluginChoice& choice,
               const std::string& section) {
  if (!is_mixture(choice.use, &choice.settings)) check_found(catalog, TINYZERO_NOTE_TASK, choice);
  return open_task(catalog, choice.use, &choice.settings, section);
}

ConfiguredAlgorithm open_chosen_algorithm(const PluginCatalog& catalog,
                                          const PluginChoice& choice) {
  check_found(catalog, TINYZERO_NOTE_ALGORITHM, choice);
  return open_algorithm(catalog, choice.use, &choice.settings);
}

void check_demonstrations(const Experiment& experiment, const Task& task) {
  const auto refuse = [&](const char* setting, const std::string& what, const std::string& hint) {
    throw Error(experiment.place(setting),
                "task \"" + task.about().id + "\" has no demonstrations to " + what,
                hint + ", or give the task a demonstrate()");
  };
  if (task.can_demonstrate()) return;
  if (experiment.train.imitate)
    refuse("train.imitate", "imitate",
           "set train.imitate: false, or remove the control more_imitation");
  if (experiment.warm_start.steps > 0)
    refuse("warm_start.steps", "start from", "set warm_start.steps: 0");
}

void check_ask_again(const Experiment& e, const Task& task) {
  if (!e.eval.ask_again || trait_index(task.about().traits, kGaveUp)) return;
  throw Error(e.place("eval.ask_again"),
              "task \"" + task.about().id + "\" does not count the trait " + kGaveUp +
                  ", which says when to ask again",
              "set eval.ask_again: false, or remove the control restart, or let the task count it "
              "(docs/write_a_task.md)");
}

struct OpenedPlugins {
  std::optional<Task> task;  // none: a mistake
  std::optional<Task> demonstrations;
  ConfiguredAlgorithm algorithm;
};

OpenedPlugins open_plugins(const Experiment& experiment, const PluginCatalog& catalog,
                           Mistakes& mistakes) {
  OpenedPlugins plugins;
  if (!experiment.task.use.empty())
    mistakes.collect([&] { plugins.task.emplace(open_task(catalog, experiment.task, "task")); });
  if (!experiment.algorithm.use.empty())
    mistakes.collect(
        [&] { plugins.algorithm = open_chosen_algorithm(catalog, experiment.algorithm); });
  if (!plugins.task) return plugins;
  mistakes.collect([&] { check_imitation(experiment, *plugins.task); });
  mistakes.collect([&] { check_ask_again(experiment, *plugins.task); });
  mistakes.collect([&] {
    if (experiment.demonstrations)
      plugins.demonstrations.emplace(
          open_task(catalog, *experiment.demonstrations, "demonstrations"));
    check_demonstrations(experiment,
                         plugins.demonstrations ? *plugins.demonstrations : *plugins.task);
    if (plugins.demonstrations) check_same_held_out(*plugins.task, *plugins.demonstrations);
  });
  return plugins;
}

PromptSizes prompt_sizes(const OpenedRun& run) {
  PromptSizes sizes;
  double tokens = 0, bytes = 0;
  for (const Item& item : run.held_out.items) {
    const std::string text = frame_prompt(item.prompt, run.framing);
    const auto count = std::ssize(run.tokenizer.encode_prompt(text));
    sizes.longest = std::max(sizes.longest, count);
    tokens += count;
    bytes += text.size();
  }
  sizes.bytes_of_token = std::max(1.0, bytes / std::max(1.0, tokens));
  return sizes;
}

// The run as its shapes say it: without weights and adapter.
OpenedRun open_shapes(Experiment experiment, OpenedPlugins plugins, const fs::path& start) {
  Tokenizer tokenizer = start_tokenizer(experiment, start);
  const std::int64_t resident = resident_memory();
  Model model(start_config(experiment, tokenizer, start), FloatBuffer());
  std::string framing = resolve_framing(experiment.model.prompt_template, tokenizer);
  EvalSet held_out = draw_eval_set(*plugins.task, split_from_name(experiment.eval.split),
                                   experiment.eval.problems);
  OpenedRun run{.experiment = std::move(experiment),
                .task = std::move(*plugins.task),
                .demonstrations = std::move(plugins.demonstrations),
                .algorithm = std::move(plugins.algorithm),
                .model = std::move(model),
                .tokenizer = std::move(tokenizer),
                .framing = std::move(framing),
                .held_out = std::move(held_out),
                .resident_before_model = resident};
  run.base_is_bf16 = !start.empty() && is_stored_in_bf16(start);
  run.prompts = prompt_sizes(run);
  return run;
}

void check_context(const OpenedRun& run) {
  const std::int64_t longest = run.prompts.longest;
  const std::int64_t most = run.experiment.rollout.max_tokens;
  const std::int64_t needed = longest + most;
  if (needed <= run.model.config.context) return;
  throw Error(
      place_of(run.experiment, "rollout.max_tokens", "model.context"),
      fmt::format(
          "prompts of {} tokens and rollout.max_tokens of {} need {} positions, the model has {}",
          longest, most, needed, run.model.config.context),
      "lower rollout.max_tokens, or raise model.context");
}

std::int64_t count_ranks(const OpenedRun& run) {
  return run.ranks != nullptr ? run.ranks->size() : 1;
}

void set_resolved(Experiment& e, const std::string& path, std::int64_t value) {
  for (ResolvedSetting& setting : e.resolved) {
    if (setting.path == path) setting.value = std::to_string(value);
  }
}

// Sets train.shards where it is 0, for the same reason as train.micro_batch.
void choose_shards(OpenedRun& run) {
  Experiment& e = run.experiment;
  if (e.train.shards > 0) return;
  run.chose_shards = true;
  const std::int64_t threads = e.train.device == "cpu" ? e.general.threads : 1;
  e.train.shards = GradientDivision::shards_for(run.model, threads, count_ranks(run));
  set_resolved(e, "train.shards", e.train.shards);
}

// Sets train.micro_batch where it is 0, also among the resolved settings: a resumed run must use
// the same number, since its sums depend on it.
void choose_micro_batch(OpenedRun& run) {
  Experiment& e = run.experiment;
  if (e.train.micro_batch > 0) return;
  run.chose_micro_batch = true;
  if (e.train.device == "cpu") {
    e.train.micro_batch = micro_batch_for(shape_of(run), resident_memory() + available_memory());
  } else {
    Gpu gpu;
    if (has_cuda_device())
      gpu.bytes = static_cast<double>(at::accelerator::getMemoryInfo(0).second);
    e.train.micro_batch = std::max(kLeastMicroBatch, gpu_micro_batch(shape_of(run), gpu));
  }
  run.set_micro_batch(e.train.micro_batch);
}

// Throws Error if the weights of the model alone would not fit into this machine.
void check_weights_fit(const OpenedRun& run) {
  const RunMemory memory = memory_of(shape_of(run));
  const std::int64_t needed = memory.program + memory.weights;
  const std::int64_t total = total_memory();
  if (needed <= total) return;
  throw Error(
      place_of(run.experiment, "model.path", "model.width"),
      fmt::format("the weights of {} take {} of memory, this machine has {}", model_label(run),
                  size_text(static_cast<double>(needed)), size_text(static_cast<double>(total))),
      "take a smaller model, or a machine with more memory");
}

void open_weights(OpenedRun& run, const fs::path& start) {
  check_weights_fit(run);
  run.model = start_weights(run.experiment, run.model.config, start);
  run.adapter = new_adapter(run.experiment, run.model);
}

}  // namespace

// An experiment as it was read, and how to open it.
struct OpenedRun::Source {
  Experiment experiment;
  fs::path start;  // folder of the start model; empty: a new one
  OpenOptions options;
};

OpenedRun OpenedRun::open(Source source, const PluginCatalog& catalog, Mistakes& mistakes) {
  const fs::path& start = source.start;
  use_kernels(kernels_for(source.experiment.general.precision));
  const bool is_readable = mistakes.empty();
  OpenedPlugins plugins = open_plugins(source.experiment, catalog, mistakes);
  if (is_readable)
    mistakes.collect([&] { check_start_folder(source.experiment, start, source.options.weights); });
  mistakes.refuse();

  OpenedRun run = open_shapes(std::move(source.experiment), std::move(plugins), start);
  check_context(run);
  check_rank(run.experiment, run.model);
  run.ranks = source.options.ranks;
  choose_shards(run);
  check_shards(run.experiment.train.shards, count_ranks(run));
  choose_micro_batch(run);
  if (source.options.check_idle_settings)
    run.notes = check_idle_settings({.experiment = run.experiment,
                                     .settings = run.resolved(),
                                     .task = run.task,
                                     .algorithm = *run.algorithm.algorithm,
                                     .held_out = std::ssize(run.held_out.items)});
  if (source.options.weights) open_weights(run, start);
  return run;
}

OpenedRun OpenedRun::open(Experiment experiment, const PluginCatalog& catalog,
                          OpenOptions options) {
  Mistakes mistakes;
  const fs::path start = experiment.model.path;
  return open({.experiment = std::move(experiment), .start = start, .options = options}, catalog,
              mistakes);
}

// Unknown keys are explained with the keys of the plugins, and to know these means to load the
// plugins. So a file is read without them first, and again only if it has mistakes.
OpenedRun OpenedRun::load(const fs::path& file, const std::vector<std::string>& overrides,
                          const PluginCatalog& catalog, OpenOptions options) {
  Mistakes mistakes;
  const Node root = load_with_overrides(file, overrides, mistakes);
  Mistakes first = mistakes;
  Experiment experiment = Experiment::from_node(root, file.stem().string(), first);
  if (!first.empty())
    experiment =
        Experiment::from_node(root, file.stem().string(), mistakes, plugin_keys(root, catalog));
  const fs::path start = experiment.model.path;
  return open({.experiment = std::move(experiment), .start = start, .options = options}, catalog,
              mistakes);
}

OpenedRun OpenedRun::open_run(const fs::path& folder, const PluginCatalog& catalog, Ranks* ranks) {
  Experiment experiment = Experiment::load(folder / "config.yaml", {});
  const fs::path start = start_of_run(experiment, folder);
  Mistakes mistakes;
  return open({.experiment = std::move(experiment),
               .start = start,
               .options = {.check_idle_settings = false, .ranks = ranks}},
              catalog, mistakes);
}

void OpenedRun::set_micro_batch(std::int64_t tokens) {
  experiment.train.micro_batch = tokens;
  set_resolved(experiment, "train.micro_batch", tokens);
}

std::vector<std::string> plugin_keys(const Node& experiment, const PluginCatalog& catalog) {
  std::vector<std::string> keys;
  const auto use_of = [&](const char* section) {
    const Node* node = experiment.find(section);
    const Node* use = node == nullptr                    ? nullptr
                      : node->kind == Node::Kind::scalar ? node
                                                         : node->find("use");
    return use != nullptr && use->kind == Node::Kind::scalar ? plugin_name(*use) : std::string();
  };
  const auto add = [&](const std::string& section, const SettingsTable& table) {
    for (const Setting& row : table.rows()) keys.push_back(section + "." + row.name);
  };
  try {
    add("task",
        TaskSettings(load_task_code(catalog.find(TINYZERO_NOTE_TASK, use_of("task"))).code->about())
            .table());
  } catch (const Error&) {  // told when it is opened
  }
  try {
    const auto algorithm =
        load_algorithm_module(catalog.find(TINYZERO_NOTE_ALGORITHM, use_of("algorithm"))).make();
    SettingsTable table;
    algorithm->describe(table);
    add("algorithm", table);
  } catch (const Error&) {  // told when it is opened
  }
  return keys;
}

std::vector<ResolvedSetting> OpenedRun::resolved() const {
  std::vector<ResolvedSetting> all = experiment.resolved;
  const auto add = [&](const PluginChoice& choice, const char* section,
                       const std::vector<ResolvedSetting>& rows) {
    all.push_back({std::string(section) + ".use", yaml_text(choice.use),
                   choice.settings.find("use")->origin});
    all.insert(all.end(), rows.begin(), rows.end());
  };
  add(experiment.task, "task", task.resolved());
  if (demonstrations) add(*experiment.demonstrations, "demonstrations", demonstrations->resolved());
  add(experiment.algorithm, "algorithm", algorithm.resolved);
  return all;
}

std::vector<fs::path> OpenedRun::task_libraries() const {
  std::vector<fs::path> all = task.libraries();
  if (!demonstrations) return all;
  for (const fs::path& library : demonstrations->libraries()) {
    if (std::find(all.begin(), all.end(), library) == all.end()) all.push_back(library);
  }
  return all;
}

std::string model_label(const OpenedRun& run) {
  const ModelSettings& m = run.experiment.model;
  const double millions = static_cast<double>(run.model.config.parameters()) / 1e6;
  const std::string name = m.path.empty() ? m.preset : fs::path(m.path).filename().string();
  const std::string adapter =
      run.adapter ? fmt::format(" + LoRA {:.1f}M", static_cast<double>(run.adapter->size()) / 1e6)
                  : "";
  return fmt::format("{} {:.{}f}M{}", name, millions, millions < 10 ? 1 : 0, adapter);
}

void check_shards(std::int64_t shards, std::int64_t ranks) {
  if (GradientDivision::suits(shards, ranks)) return;
  throw Error(fmt::format("{} ranks cannot divide train.shards of {}: each would need a power of "
                          "two of them",
                          ranks, shards),
              "set train.shards to the number of ranks times 1, 2, 4 …, or start another number "
              "of ranks");
}

RunShape shape_of(const OpenedRun& run) {
  RunShape shape;
  shape.experiment = run.experiment;
  shape.model = &run.model;
  shape.ranks = count_ranks(run);
  shape.auxiliary_models = run.algorithm.algorithm->auxiliary_models();
  shape.longest_prompt = run.prompts.longest;
  shape.bytes_of_token = run.prompts.bytes_of_token;
  shape.rounds = most_rounds(*run.algorithm.algorithm, run.experiment.rollout);
  shape.held_out = std::ssize(run.held_out.items);
  shape.traits = std::ssize(run.task.about().traits);
  shape.program = run.resident_before_model + kFirstUse;
  shape.set_lora_rank(run.experiment.lora.rank);
  if (run.base_is_bf16) shape.adapted_bytes = 2;
  if (run.adapter) shape.adapted_bytes = run.adapter->base_bytes() / shape.adapted;
  return shape;
}

}  // namespace tinyzero
