#include "core/train/opened_run.h"
#include "core/base/random_streams.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/forecast/gpu.h"
#include "core/forecast/memory.h"
#include "core/kernels/kernels.h"
#include "core/model/folder.h"
#include "core/rollout/cuda/device.h"
#include "core/run/checkpoint.h"
#include "core/task/mixture.h"
#include "core/task/settings.h"
#include "core/text/prompt.h"
#include "core/train/idle_settings.h"
#include "tinyzero/note.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kRoundedAtOnce = 4096;
constexpr std::int64_t kVocabMultiple =
    32;  // a new model's vocabulary is padded to this, as real ones are

// Where the setting stands that says how many, if any does.
Place place_of(const Experiment& e, const std::string& one, const std::string& other) {
  const Place place = e.place(one);
  return place.source.empty() ? e.place(other) : place;
}

// The plugin's file. An error says where `use` stands.
void check_found(const PluginCatalog& catalog, std::uint32_t type, const PluginChoice& choice) {
  try {
    catalog.find(type, choice.use);
  } catch (const Error& e) {
    const Node* use = choice.settings.find("use");
    throw Error(place_of(use), e.what(), e.hint());
  }
}

ModelConfig new_config(const Experiment& experiment, const Tokenizer& tokenizer) {
  const ModelSettings& s = experiment.model;
  ModelConfig c = preset_config(s.preset);
  const auto set = [](std::int64_t& field, std::int64_t value) {
    if (value > 0) field = value;
  };
  set(c.layers, s.layers);
  set(c.width, s.width);
  set(c.heads, s.heads);
  set(c.kv_heads, s.kv_heads);
  set(c.mlp, s.mlp);
  set(c.context, s.context);
  if (c.heads % c.kv_heads != 0)
    throw Error(
        place_of(experiment, "model.heads", "model.kv_heads"),
        fmt::format("model.heads is {}, model.kv_heads {}: heads must share key/value heads evenly",
                    c.heads, c.kv_heads));
  if (c.width % c.heads != 0 || c.width / c.heads % 2 != 0)
    throw Error(place_of(experiment, "model.heads", "model.width"),
                fmt::format("model.width is {}, model.heads {}: a head must have an even size",
                            c.width, c.heads));
  c.head_dim = c.width / c.heads;
  c.vocab = (tokenizer.size() + kVocabMultiple - 1) / kVocabMultiple * kVocabMultiple;
  c.eos = {tokenizer.id(kEndToken)};
  return c;
}

Model new_model(const Experiment& experiment, const ModelConfig& config) {
  Model model(config);
  initialize(model, stream_key(static_cast<std::uint64_t>(experiment.general.seed),
                               RandomStream::weights));
  return model;
}

// Weights become the nearest numbers of bf16, in place.
void round_to_bf16(Model& model) {
  float* w = model.weights.data();
  std::vector<char> rounded(bytes_of(Dtype::bf16) * static_cast<std::size_t>(kRoundedAtOnce));
  for (std::int64_t at = 0; at < model.weights.size(); at += kRoundedAtOnce) {
    const std::size_t n = std::min(kRoundedAtOnce, model.weights.size() - at);
    from_float(Dtype::bf16, w + at, n, rounded.data());
    to_float(Dtype::bf16, rounded.data(), n, w + at);
  }
}

ModelConfig config_of(const Experiment& experiment, const Tokenizer& tokenizer,
                      const fs::path& start) {
  return experiment.model.path.empty() ? new_config(experiment, tokenizer)
                                       : read_model_config(start);
}

Model open_weights(const Experiment& experiment, const ModelConfig& config, const fs::path& start) {
  Model model = experiment.model.path.empty() ? new_model(experiment, config) : load_model(start);
  check_companions(model);  // checkpoints carry them
  if (experiment.train.weights == "bf16") round_to_bf16(model);
  return model;
}

// Whether the folder has its weights, and all of them in bf16. Throws Error if they are not those
// of its config.json.
bool is_stored_in_bf16(const fs::path& start) {
  std::error_code unknown;
  if (!fs::exists(start / "model.safetensors", unknown) &&
      !fs::exists(start / "model.safetensors.index.json", unknown))
    return false;
  const std::map<Dtype, std::int64_t> dtypes = ModelFolder(start).dtypes();
  return dtypes.size() == 1 && dtypes.begin()->first == Dtype::bf16;
}

// Throws Error for a rank that is larger than a matrix.
void check_rank(const Experiment& experiment, const Model& model) {
  if (experiment.lora.rank == 0) return;
  try {
    Adapter::check_rank(model.layout,
                        {experiment.lora.rank, experiment.lora.alpha, experiment.lora.targets, ""});
  } catch (const Error& e) {
    throw Error(experiment.place("lora.rank"), e.what(), e.hint());
  }
}

std::unique_ptr<Adapter> new_adapter(const Experiment& experiment, const Model& model) {
  if (experiment.lora.rank == 0) return nullptr;
  const AdapterOptions options{experiment.lora.rank, experiment.lora.alpha, experiment.lora.targets,
                               experiment.model.path};
  const std::uint64_t seed = experiment.general.seed;
  try {
    return std::make_unique<Adapter>(model, options, stream_key(seed, RandomStream::adapter));
  } catch (const Error& e) {
    throw Error(experiment.place("lora.rank"), e.what(), e.hint());
  }
}

PromptSizes prompt_sizes(const OpenedRun& parts) {
  PromptSizes sizes;
  double tokens = 0, bytes = 0;
  for (const Item& item : parts.held_out.items) {
    const std::string text = frame_prompt(item.prompt, parts.framing);
    const auto count = std::ssize(parts.tokenizer.encode_prompt(text));
    sizes.longest = std::max(sizes.longest, count);
    tokens += count;
    bytes += text.size();
  }
  sizes.bytes_of_token = std::max(1.0, bytes / std::max(1.0, tokens));
  return sizes;
}

void check_room(const OpenedRun& parts) {
  const std::int64_t longest = parts.prompts.longest,
                     needed = longest + parts.experiment.rollout.max_tokens;
  if (needed <= parts.model.config.context) return;
  throw Error(
      place_of(parts.experiment, "rollout.max_tokens", "model.context"),
      fmt::format(
          "prompts of {} tokens and rollout.max_tokens of {} need {} positions, the model has {}",
          longest, parts.experiment.rollout.max_tokens, needed, parts.model.config.context),
      "lower rollout.max_tokens, or raise model.context");
}

void choose_micro_batch(OpenedRun& parts) {
  Experiment& e = parts.experiment;
  if (e.train.micro_batch > 0) return;
  parts.chose_micro_batch = true;
  if (e.train.device == "cpu") {
    e.train.micro_batch = micro_batch_for(shape_of(parts), resident_memory() + available_memory());
  } else {
    Gpu gpu;
    if (has_cuda_device())
      gpu.bytes = static_cast<double>(at::accelerator::getMemoryInfo(0).second);
    e.train.micro_batch = std::max(kLeastMicroBatch, gpu_micro_batch(shape_of(parts), gpu));
  }
  for (ResolvedSetting& setting :
       e.resolved) {  // a run goes on with as many: its sums depend on them
    if (setting.path == "train.micro_batch") setting.value = std::to_string(e.train.micro_batch);
  }
}

// What model.path stands for in an earlier run: itself, or the newest checkpoint that can be read.
fs::path start_of_run(const Experiment& experiment, const fs::path& folder) {
  const fs::path start = experiment.model.path;
  if (start.empty() || fs::exists(start)) return start;
  const auto checkpoints = list_checkpoints(folder / "checkpoints");
  for (auto path = checkpoints.rbegin(); path != checkpoints.rend(); ++path) {
    try {
      load_model(*path);
      Tokenizer::load(*path);
      return *path;
    } catch (const Error&) {  // the one before it may do
    }
  }
  return start;
}

// The weights of the model would not fit into this machine at all.
void check_weights_fit(const OpenedRun& parts) {
  const RunMemory memory = memory_of(shape_of(parts));
  const std::int64_t needed = memory.program + memory.weights, total = total_memory();
  if (needed <= total) return;
  const Experiment& e = parts.experiment;
  throw Error(
      place_of(e, "model.path", "model.width"),
      fmt::format("the weights of {} take {} of memory, this machine has {}", model_label(parts),
                  size_text(static_cast<double>(needed)), size_text(static_cast<double>(total))),
      "take a smaller model, or a machine with more memory");
}

Task open_task(const PluginCatalog& catalog, const PluginChoice& choice) {
  if (!is_mixture(choice.use, &choice.settings)) check_found(catalog, TINYZERO_NOTE_TASK, choice);
  return Task::open(catalog, choice.use, &choice.settings);
}

void check_demonstrations(const Experiment& experiment, const Task& task) {
  if (experiment.warm_start.steps == 0 || task.can_demonstrate()) return;
  throw Error(experiment.place("warm_start.steps"),
              "task \"" + task.about().id + "\" has no demonstrations to start from",
              "set warm_start.steps: 0, or give the task a demonstrate()");
}

void check_start_folder(const Experiment& experiment, const fs::path& start, bool weights) {
  std::error_code unknown;
  if (start.empty()) return;
  if (fs::is_directory(start, unknown)) {
    try {
      return check_model_folder(start);
    } catch (const Error& e) {
      throw Error(experiment.place("model.path"), e.what(), e.hint());
    }
  }
  const ResolvedSetting* path = experiment.find("model.path");
  Node named;  // as it was written, or could have been
  if (path != nullptr) named.origin = path->origin;
  named.scalar =
      start.lexically_relative(fs::absolute(fs::path(named.origin.source)).parent_path()).string();
  const std::string hint = weights ? "give the folder of a Hugging Face model or of a checkpoint"
                                   : "of a model that is not here yet, download its config.json "
                                     "and tokenizer.json into that folder";
  throw Error(experiment.place("model.path"), "model.path " + start.string() + " is no folder",
              hint + "; " + missing_path_hint(named));
}

}  // namespace

// How parts are to be opened.
struct OpenedRun::Opening {
  fs::path start;       // what model.path stands for
  bool weights = true;  // read, or made
  bool is_new = true;   // not of a run that began earlier: what can never act is refused or told
};

OpenedRun OpenedRun::open(Experiment experiment, const PluginCatalog& catalog) {
  Mistakes mistakes;
  const Opening opening{experiment.model.path};
  return open(std::move(experiment), catalog, opening, mistakes);
}

OpenedRun OpenedRun::open_shapes(Experiment experiment, const PluginCatalog& catalog) {
  Mistakes mistakes;
  const Opening opening{experiment.model.path, /*weights=*/false};
  return open(std::move(experiment), catalog, opening, mistakes);
}

OpenedRun OpenedRun::open_planned(Experiment experiment, const PluginCatalog& catalog) {
  Mistakes mistakes;
  const Opening opening{experiment.model.path, /*weights=*/true, /*is_new=*/false};
  return open(std::move(experiment), catalog, opening, mistakes);
}

OpenedRun OpenedRun::open_run(const fs::path& folder, const PluginCatalog& catalog) {
  Experiment experiment = Experiment::load(folder / "config.yaml", {});
  const Opening opening{start_of_run(experiment, folder), /*weights=*/true, /*is_new=*/false};
  Mistakes mistakes;
  return open(std::move(experiment), catalog, opening, mistakes);
}

OpenedRun OpenedRun::load(const fs::path& file, const std::vector<std::string>& overrides,
                          const PluginCatalog& catalog, bool weights) {
  Mistakes mistakes;
  const Node root = load_with_overrides(file, overrides, mistakes);
  Mistakes first = mistakes;
  Experiment experiment = Experiment::from_node(root, file.stem().string(), first);
  if (!first.empty())
    experiment =
        Experiment::from_node(root, file.stem().string(), mistakes, plugin_keys(root, catalog));
  const Opening opening{experiment.model.path, weights};
  return open(std::move(experiment), catalog, opening, mistakes);
}

OpenedRun OpenedRun::load(const fs::path& file, const std::vector<std::string>& overrides,
                          const PluginCatalog& catalog) {
  return load(file, overrides, catalog, /*weights=*/true);
}

OpenedRun OpenedRun::load_shapes(const fs::path& file, const std::vector<std::string>& overrides,
                                 const PluginCatalog& catalog) {
  return load(file, overrides, catalog, /*weights=*/false);
}

OpenedRun OpenedRun::open(Experiment experiment, const PluginCatalog& catalog,
                          const Opening& opening, Mistakes& mistakes) {
  use_kernels(kernels_for(experiment.general.precision));
  const ModelSettings& m = experiment.model;
  std::optional<Task> task;
  ConfiguredAlgorithm algorithm;
  const bool readable = mistakes.empty();
  if (!experiment.task.use.empty())
    mistakes.collect([&] { task.emplace(open_task(catalog, experiment.task)); });
  if (!experiment.algorithm.use.empty()) {
    mistakes.collect([&] {
      check_found(catalog, TINYZERO_NOTE_ALGORITHM, experiment.algorithm);
      algorithm = open_algorithm(catalog, experiment.algorithm.use, &experiment.algorithm.settings);
    });
  }
  if (task) mistakes.collect([&] { check_demonstrations(experiment, *task); });
  if (readable)
    mistakes.collect([&] { check_start_folder(experiment, opening.start, opening.weights); });
  mistakes.refuse();

  Tokenizer tokenizer =
      m.path.empty() ? Tokenizer::make(m.tokenizer == "numbers") : Tokenizer::load(opening.start);
  const std::int64_t resident = resident_memory();
  Model model(config_of(experiment, tokenizer, opening.start), FloatBuffer());
  if (model.config.eos.empty())
    throw Error(
        opening.start.string() + "/config.json names no eos_token_id: completions would never end",
        "add it");
  std::string framing = resolve_framing(m.prompt_template, tokenizer);
  EvalSet held_out =
      draw_eval_set(*task, split_from_name(experiment.eval.split), experiment.eval.problems);
  OpenedRun parts{std::move(experiment),
                  std::move(*task),
                  std::move(algorithm),
                  std::move(model),
                  std::move(tokenizer),
                  std::move(framing),
                  std::move(held_out),
                  resident,
                  nullptr};
  parts.base_is_bf16 = !opening.start.empty() && is_stored_in_bf16(opening.start);
  parts.prompts = prompt_sizes(parts);
  check_room(parts);
  check_rank(parts.experiment, parts.model);
  choose_micro_batch(parts);
  if (opening.is_new)
    parts.notes = check_idle_settings({.experiment = parts.experiment,
                                       .settings = parts.resolved(),
                                       .task = parts.task,
                                       .algorithm = *parts.algorithm.algorithm,
                                       .held_out = std::ssize(parts.held_out.items)});
  if (!opening.weights) return parts;
  check_weights_fit(parts);
  parts.model = open_weights(parts.experiment, parts.model.config, opening.start);
  parts.adapter = new_adapter(parts.experiment, parts.model);
  return parts;
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
        TaskSettings(
            load_task_code(catalog.find(TINYZERO_NOTE_TASK, use_of("task")), false)->about())
            .table());
  } catch (const Error&) {  // is said where it is opened
  }
  try {
    const auto algorithm =
        load_algorithm_module(catalog.find(TINYZERO_NOTE_ALGORITHM, use_of("algorithm"))).make();
    SettingsTable table;
    algorithm->describe(table);
    add("algorithm", table);
  } catch (const Error&) {  // is said where it is opened
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
  add(experiment.algorithm, "algorithm", algorithm.resolved);
  return all;
}

std::string model_label(const OpenedRun& parts) {
  const ModelSettings& m = parts.experiment.model;
  const double millions = static_cast<double>(parts.model.config.parameters()) / 1e6;
  const std::string name = m.path.empty() ? m.preset : fs::path(m.path).filename().string();
  const std::string adapter =
      parts.adapter
          ? fmt::format(" + LoRA {:.1f}M", static_cast<double>(parts.adapter->size()) / 1e6)
          : "";
  return fmt::format("{} {:.{}f}M{}", name, millions, millions < 10 ? 1 : 0, adapter);
}

RunShape shape_of(const OpenedRun& parts) {
  RunShape shape;
  shape.experiment = parts.experiment;
  shape.model = &parts.model;
  shape.auxiliary_models = parts.algorithm.algorithm->auxiliary_models();
  shape.longest_prompt = parts.prompts.longest;
  shape.bytes_of_token = parts.prompts.bytes_of_token;
  shape.rounds = most_rounds(*parts.algorithm.algorithm, parts.experiment.rollout);
  shape.held_out = std::ssize(parts.held_out.items);
  shape.program = parts.resident_before_model + kFirstUse;
  shape.set_lora_rank(parts.experiment.lora.rank);
  if (parts.base_is_bf16) shape.adapted_bytes = 2;
  if (parts.adapter) shape.adapted_bytes = parts.adapter->base_bytes() / shape.adapted;
  return shape;
}

}  // namespace tinyzero
