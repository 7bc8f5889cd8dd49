#include "core/train/run_parts.h"

#include <ATen/DeviceAccelerator.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.h"
#include "core/base/memory.h"
#include "core/kernels/kernels.h"
#include "core/model/folder.h"
#include "core/rollout/cuda/device.h"
#include "core/run/checkpoint.h"
#include "core/task/mixture.h"
#include "core/text/prompt.h"
#include "core/train/gpu_plan.h"
#include "core/train/run_memory.h"
#include "tinyzero/note.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::int64_t kRoundedAtOnce = 4096;
constexpr std::int64_t kVocabMultiple = 32;  // a new model's vocabulary is padded to this, as real ones are

// Where the setting stands that says how many, if any does.
std::string place_of(const Experiment& e, const std::string& one, const std::string& other) {
  const std::string place = e.where(one);
  return place.empty() ? e.where(other) : place;
}

// The plugin's file. An error says where `use` stands.
void check_found(const PluginCatalog& catalog, std::uint32_t type, const PluginChoice& choice) {
  try {
    catalog.find(type, choice.use);
  } catch (const Error& e) {
    const Node* use = choice.settings.find("use");
    throw Error((use != nullptr ? use->origin.text() + ": " : "") + e.what(), e.hint());
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
    throw Error(place_of(experiment, "model.heads", "model.kv_heads") +
                fmt::format("model.heads is {}, model.kv_heads {}: heads must share key/value heads evenly", c.heads, c.kv_heads));
  if (c.width % c.heads != 0 || c.width / c.heads % 2 != 0)
    throw Error(place_of(experiment, "model.heads", "model.width") +
                fmt::format("model.width is {}, model.heads {}: a head must have an even size", c.width, c.heads));
  c.head_dim = c.width / c.heads;
  c.vocab = (tokenizer.size() + kVocabMultiple - 1) / kVocabMultiple * kVocabMultiple;
  c.eos = {tokenizer.id(kEndToken)};
  return c;
}

Model new_model(const Experiment& experiment, const ModelConfig& config) {
  Model model(config);
  initialize(model, stream_key(static_cast<std::uint64_t>(experiment.general.seed), {static_cast<std::uint64_t>(Purpose::weights)}));
  return model;
}

// Weights become the nearest numbers of bf16, in place.
void round_to_bf16(Model& model) {
  float* w = model.weights.data();
  std::vector<char> rounded(bytes_of(Dtype::bf16) * static_cast<std::size_t>(kRoundedAtOnce));
  for (std::int64_t at = 0; at < model.weights.size(); at += kRoundedAtOnce) {
    const auto n = static_cast<std::size_t>(std::min(kRoundedAtOnce, model.weights.size() - at));
    from_float(Dtype::bf16, w + at, n, rounded.data());
    to_float(Dtype::bf16, rounded.data(), n, w + at);
  }
}

Model open_model(const Experiment& experiment, const Tokenizer& tokenizer, const fs::path& start, bool weights) {
  const bool fresh = experiment.model.path.empty();
  if (!weights) return Model(fresh ? new_config(experiment, tokenizer) : read_model_config(start), FloatBuffer());
  Model model = fresh ? new_model(experiment, new_config(experiment, tokenizer)) : load_model(start);
  check_companions(model);  // checkpoints carry them
  if (experiment.train.weights == "bf16") round_to_bf16(model);
  return model;
}

std::unique_ptr<Adapter> new_adapter(const Experiment& experiment, const Model& model) {
  if (experiment.lora.rank == 0) return nullptr;
  const AdapterOptions options{experiment.lora.rank, experiment.lora.alpha, experiment.lora.targets, experiment.model.path};
  const auto seed = static_cast<std::uint64_t>(experiment.general.seed);
  try {
    return std::make_unique<Adapter>(model, options, stream_key(seed, {static_cast<std::uint64_t>(Purpose::adapter)}));
  } catch (const Error& e) {
    throw Error(experiment.where("lora.rank") + e.what(), e.hint());
  }
}

void check_room(const RunParts& parts) {
  const std::int64_t longest = longest_prompt(parts), needed = longest + parts.experiment.rollout.max_tokens;
  if (needed <= parts.model.config.context) return;
  throw Error(place_of(parts.experiment, "rollout.max_tokens", "model.context") +
                  fmt::format("prompts of {} tokens and rollout.max_tokens of {} need {} positions, the model has {}", longest,
                              parts.experiment.rollout.max_tokens, needed, parts.model.config.context),
              "lower rollout.max_tokens, or raise model.context");
}

void choose_micro_batch(RunParts& parts) {
  Experiment& e = parts.experiment;
  if (e.train.micro_batch > 0) return;
  if (e.train.device == "cpu") {
    e.train.micro_batch = micro_batch_for(RunShape::of(parts), resident_memory() + available_memory());
  } else {
    Gpu gpu;
    if (has_cuda_device()) gpu.bytes = static_cast<double>(at::accelerator::getMemoryInfo(0).second);
    e.train.micro_batch = std::max(kLeastMicroBatch, gpu_micro_batch(RunShape::of(parts), gpu));
  }
  for (ResolvedSetting& setting : e.resolved) {  // a run goes on with as many: its sums depend on them
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

}  // namespace

RunParts RunParts::open(Experiment experiment, const PluginCatalog& catalog) {
  const fs::path start = experiment.model.path;
  return open(std::move(experiment), catalog, start);
}

RunParts RunParts::open_shapes(Experiment experiment, const PluginCatalog& catalog) {
  const fs::path start = experiment.model.path;
  return open(std::move(experiment), catalog, start, /*weights=*/false);
}

RunParts RunParts::open_run(const fs::path& folder, const PluginCatalog& catalog) {
  Experiment experiment = Experiment::load(folder / "config.yaml", {});
  const fs::path start = start_of_run(experiment, folder);
  return open(std::move(experiment), catalog, start);
}

RunParts RunParts::open(Experiment experiment, const PluginCatalog& catalog, const fs::path& start, bool weights) {
  use_kernels(kernels_for(experiment.general.precision));
  const ModelSettings& m = experiment.model;
  if (!is_mixture(experiment.task.use, &experiment.task.settings)) check_found(catalog, TINYZERO_NOTE_TASK, experiment.task);
  check_found(catalog, TINYZERO_NOTE_ALGORITHM, experiment.algorithm);
  Task task = Task::open(catalog, experiment.task.use, &experiment.task.settings);
  if (experiment.warm_start.steps > 0 && !task.can_demonstrate()) {
    throw Error(experiment.where("warm_start.steps") + "task \"" + task.about().id + "\" has no demonstrations to start from",
                "set warm_start.steps: 0, or give the task a demonstrate()");
  }
  ConfiguredAlgorithm algorithm = open_algorithm(catalog, experiment.algorithm.use, &experiment.algorithm.settings);
  if (!start.empty() && !fs::is_directory(start))
    throw Error(experiment.where("model.path") + "model.path " + start.string() + " is no folder",
                weights ? "give the folder of a Hugging Face model or of a checkpoint"
                        : "of a model that is not here yet, download its config.json and tokenizer.json into that folder");
  Tokenizer tokenizer = m.path.empty() ? Tokenizer::make(m.tokenizer == "numbers") : Tokenizer::load(start);
  const std::int64_t resident = resident_memory();
  Model model = open_model(experiment, tokenizer, start, weights);
  if (model.config.eos.empty()) throw Error(start.string() + "/config.json names no eos_token_id: completions would never end", "add it");
  std::string framing = resolve_framing(m.prompt_template, tokenizer);
  EvalSet held_out = draw_eval_set(task, split_from_name(experiment.eval.split), static_cast<std::size_t>(experiment.eval.problems));
  std::unique_ptr<Adapter> adapter = weights ? new_adapter(experiment, model) : nullptr;
  RunParts parts{std::move(experiment), std::move(task), std::move(algorithm), std::move(model), std::move(tokenizer), std::move(framing),
                 std::move(held_out),   resident,        std::move(adapter)};
  check_room(parts);
  if (weights) choose_micro_batch(parts);
  return parts;
}

std::vector<ResolvedSetting> RunParts::resolved() const {
  std::vector<ResolvedSetting> all = experiment.resolved;
  const auto add = [&](const PluginChoice& choice, const char* section, const std::vector<ResolvedSetting>& rows) {
    const std::string use = is_plugin_path(choice.use) ? fs::absolute(choice.use).lexically_normal().string() : choice.use;
    all.push_back({std::string(section) + ".use", yaml_text(use), choice.settings.find("use")->origin.text()});
    all.insert(all.end(), rows.begin(), rows.end());
  };
  add(experiment.task, "task", task.resolved());
  add(experiment.algorithm, "algorithm", algorithm.resolved);
  return all;
}

std::int64_t longest_prompt(const RunParts& parts) {
  std::size_t longest = 0;
  for (const Prompt& prompt : make_prompts(parts.tokenizer, parts.framing, parts.held_out.items, 1))
    longest = std::max(longest, prompt.ids.size());
  return static_cast<std::int64_t>(longest);
}

std::string model_label(const RunParts& parts) {
  const ModelSettings& m = parts.experiment.model;
  const double millions = static_cast<double>(parts.model.config.parameters()) / 1e6;
  const std::string name = m.path.empty() ? m.preset : fs::path(m.path).filename().string();
  const std::string adapter = parts.adapter ? fmt::format(" + LoRA {:.1f}M", static_cast<double>(parts.adapter->size()) / 1e6) : "";
  return fmt::format("{} {:.{}f}M{}", name, millions, millions < 10 ? 1 : 0, adapter);
}

std::vector<Sequence> demonstrations(const RunParts& parts, std::uint64_t step) {
  const auto seed =
      stream_key(static_cast<std::uint64_t>(parts.experiment.general.seed), {static_cast<std::uint64_t>(Purpose::demonstrations)});
  const auto items = draw_step(parts.task, /*stage=*/nullptr, seed, step, static_cast<std::size_t>(parts.experiment.warm_start.batch));
  std::vector<Sequence> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    Sequence sequence{parts.tokenizer.encode_prompt(frame_prompt(items[i].prompt, parts.framing)), 0};
    sequence.prompt = static_cast<std::int64_t>(sequence.ids.size());
    const auto trace = parts.tokenizer.encode(parts.task.demonstrate(items[i].state, seed, items[i].index));
    sequence.ids.insert(sequence.ids.end(), trace.begin(), trace.end());
    sequence.ids.push_back(static_cast<std::int32_t>(parts.model.config.eos.front()));
    if (static_cast<std::int64_t>(sequence.ids.size()) > parts.model.config.context) {
      throw Error(fmt::format("a demonstration of task \"{}\" has {} tokens with its prompt, the model's context is {}",
                              parts.task.about().id, sequence.ids.size(), parts.model.config.context),
                  "raise model.context, or ask the task for shorter demonstrations");
    }
    out.push_back(std::move(sequence));
  }
  return out;
}

}  // namespace tinyzero
