#include "core/config/experiment.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/base/workers.h"

namespace tinyzero {

namespace fs = std::filesystem;

void GeneralSettings::describe(SettingsTable& t) {
  t.add("seed", seed, "all randomness of the run comes from it").between(0, 9007199254740992.0);
  t.add("threads", threads,
        "CPU threads for sampling and training; 0: as many as affinity and CPU quota allow")
      .between(0, 1024);
  t.add("precision", precision,
        "of products and cached keys and values; sums are f32. auto: bf16 where the CPU computes "
        "with it, else f32")
      .one_of({"auto", "f32", "bf16"});
}

void ModelSettings::describe(SettingsTable& t) {
  t.add("preset", preset,
        "shape of a model made from scratch: tiny 1M, small 5M, medium 30M parameters")
      .one_of({"tiny", "small", "medium"});
  t.add("path", path,
        "a Hugging Face folder to start from; empty: a new model of the preset's shape")
      .path();
  t.add("tokenizer", tokenizer,
        "of a new model: bytes, or bytes and one token for each number from 10 to 99 and for \" -> "
        "\"")
      .one_of({"numbers", "bytes"});
  t.add("template", prompt_template,
        "framing of prompts: bare (the problem and a line end), base (TinyZero's), qwen (ChatML); "
        "auto: by the model")
      .one_of({"auto", "bare", "base", "qwen"});
  t.add("layers", layers, "layers of a new model; 0: the preset's").between(0, 256);
  t.add("width", width, "hidden size of a new model; 0: the preset's").between(0, 16384);
  t.add("heads", heads, "attention heads of a new model; 0: the preset's").between(0, 256);
  t.add("kv_heads", kv_heads, "key and value heads of a new model; 0: the preset's")
      .between(0, 256);
  t.add("mlp", mlp, "inner size of a new model's MLP; 0: the preset's").between(0, 65536);
  t.add("context", context, "longest sequence of a new model, in tokens; 0: the preset's")
      .between(0, 131072);
}

void LoraSettings::describe(SettingsTable& t) {
  t.add("rank", rank,
        "of a low-rank adapter of the model's matrices, which then alone learns; 0: none, all "
        "weights learn")
      .between(0, 4096);
  t.add("alpha", alpha, "the adapter is scaled by alpha / rank")
      .between(0.001, 1e6)
      .unless("rank", "0");
  t.add("targets", targets, "matrices of each layer that have an adapter")
      .one_of({"q", "k", "v", "o", "gate", "up", "down"})
      .up_to(7)
      .unless("rank", "0");
  t.add("auxiliary_models", auxiliary_models,
        "a critic or reward model learns through an adapter and its head, too, instead of whole")
      .unless("rank", "0");
}

void WarmStartSettings::describe(SettingsTable& t) {
  t.add("steps", steps, "steps of imitating the task's demonstrations before RL; 0: pure RL")
      .between(0, 1e7);
  t.add("batch", batch, "demonstrations a step").between(1, 65536).unless("steps", "0");
  t.add("optimizer", optimizer, "muon (matrices of the layers by Muon, the rest by AdamW) or adamw")
      .one_of({"muon", "adamw"})
      .unless("steps", "0");
  t.add("learning_rate", learning_rate,
        "peak learning rate; rises over the first 5 % of the steps, then falls as a cosine")
      .between(0, 1)
      .unless("steps", "0");
}

void RolloutSettings::describe(SettingsTable& t) {
  t.add("prompts", prompts, "problems a step").between(1, 65536);
  t.add("samples", samples, "completions a problem").between(1, 4096);
  t.add("max_tokens", max_tokens,
        "longest completion, in tokens; longer ones are cut and count as truncated")
      .between(1, 131072);
  t.add("temperature", temperature,
        "sampling temperature; training uses the log-probs of the same distribution")
      .between(0.01, 10);
  t.add("device", device, "where completions are sampled: cpu, or cuda, an NVIDIA GPU")
      .one_of({"cpu", "cuda"});
  t.add("wave", wave,
        "sequences a core decodes at once; changes speed and memory, never tokens; 0: by the size "
        "of the cache")
      .between(0, 4096)
      .unless("device", "cuda");
  t.add("mixed_rounds", mixed_rounds,
        "dynamic sampling: only problems whose samples earned different rewards count, and others "
        "are drawn, in up to so many rounds, until a step has `prompts` of them; 0: the algorithm "
        "decides what counts")
      .between(0, 15);
}

void CurriculumSettings::describe(SettingsTable& t) {
  t.add("window", window, "steps over which the accuracy at a level is taken, since it was reached")
      .between(1, 1e6);
  t.add("raise_at", raise_at,
        "accuracy of training completions, at this or above, that raises the level by one")
      .between(0, 1);
  t.add("lower_at", lower_at, "accuracy below which the level falls by one; 0: never")
      .between(0, 1);
  t.add("review", review, "share of problems that come from the levels below").between(0, 1);
}

void TrainSettings::describe(SettingsTable& t) {
  t.add("steps", steps, "RL steps; 0: warm start and evaluation only").between(0, 1e7);
  t.add("budget_tokens", budget_tokens,
        "ends RL with the step that uses up so many completion tokens, each charged once when "
        "sampled and once in every pass of any model that learns from it or reads it; schedules "
        "follow the share that is used; 0: only steps count")
      .between(0, 1e15);
  t.add("budget_seconds", budget_seconds,
        "ends RL with the step that uses up so many seconds of steps, evaluation left out; 0: only "
        "steps count")
      .between(0, 1e9);
  t.add("random_reward", random_reward,
        "a control: completions earn 1 with this chance and else 0, whatever the task says of "
        "them; 0: the task's own rewards")
      .between(0, 1);
  t.add("updates", updates,
        "gradient updates an epoch; a step's problems are divided evenly among them")
      .between(1, 64)
      .unless("steps", "0");
  t.add("epochs", epochs, "times that a step's episodes are learned from, each in as many updates")
      .between(1, 64)
      .unless("steps", "0");
  t.add("optimizer", optimizer,
        "of RL: adamw, or muon (matrices of the layers by Muon, the rest by AdamW)")
      .one_of({"adamw", "muon"})
      .unless("steps", "0");
  t.add("learning_rate", learning_rate, "peak learning rate of RL")
      .between(0, 1)
      .unless("steps", "0");
  t.add("schedule", schedule, "of the learning rate after the warm-up")
      .one_of({"constant", "linear", "cosine"})
      .unless("steps", "0");
  t.add("warmup", warmup, "steps over which the learning rate rises; 0: none")
      .between(0, 1e7)
      .unless("steps", "0");
  t.add("weight_decay", weight_decay, "of matrices, in RL and warm start; 0: none").between(0, 10);
  t.add("beta1", beta1, "AdamW's decay of the mean gradient").between(0, 0.9999);
  t.add("beta2", beta2, "AdamW's decay of the mean squared gradient").between(0, 0.999999);
  t.add("clip_norm", clip_norm, "largest norm of the gradient; 0: not clipped").between(0, 1e6);
  t.add("optimizer_state", optimizer_state,
        "what the optimizer remembers of each weight, 8 bytes in f32: bf16 takes 4, rounded "
        "stochastically; int8 takes 2, block-wise with the levels of bitsandbytes, but for tensors "
        "of fewer than 4096 numbers")
      .one_of({"f32", "bf16", "int8"});
  t.add("weights", weights,
        "what weights are between updates: f32, or numbers of bf16, to which each update is "
        "rounded stochastically; checkpoints then take 2 bytes a weight")
      .one_of({"f32", "bf16"});
  t.add("device", device,
        "where models are passed through, forward and backward: cpu, or cuda, an NVIDIA GPU; "
        "weights, gradients and the optimizer stay in the computer's memory")
      .one_of({"cpu", "cuda"});
  t.add("micro_batch", micro_batch,
        "tokens that a thread holds at once during an update; changes memory, never the gradient. "
        "0: as many, up to 4096, as fit into the memory that is free when the run begins")
      .between(0, 1e7);
  t.add("recompute", recompute,
        "layers are computed once more in the backward pass instead of kept: the same gradients, "
        "in less memory and more time");
  t.add("importance_cap", importance_cap,
        "tokens are weighted by the trainer's probability over the sampler's, at most this, where "
        "the two differ (truncated importance sampling); costs a forward pass; 0: the sampler's "
        "log-probs are taken as they are")
      .between(0, 1e6)
      .unless("steps", "0");
  t.add("max_failed", max_failed,
        "share of a step's episodes that the task may fail to judge before the run stops; 1: never "
        "stops")
      .between(0, 1)
      .unless("steps", "0");
  t.add("max_logp_gap", max_logp_gap,
        "mean distance between the trainer's and the sampler's log-probs that stops the run, in "
        "nats; 0: never")
      .between(0, 1e6)
      .unless("steps", "0");
  t.add("max_skipped", max_skipped,
        "updates that a run may skip because a loss or gradient is not finite; one more stops it")
      .between(0, 1e9)
      .unless("steps", "0");
}

double TrainSettings::budget_used(double tokens, double seconds) const {
  if (budget_tokens > 0) return tokens / budget_tokens;
  return budget_seconds > 0 ? seconds / budget_seconds : 0.0;
}

std::int64_t TrainSettings::expected_steps(std::int64_t step, double used) const {
  return used > 0 ? std::max(step, std::min(steps, std::lround(static_cast<double>(step) / used)))
                  : steps;
}

std::int64_t TrainSettings::steps_of(double tokens, double seconds) const {
  if (!has_budget()) return steps;
  const double allowed =
      budget_tokens > 0 ? budget_tokens / std::max(1.0, tokens) : budget_seconds / seconds;
  return static_cast<std::int64_t>(std::min<double>(steps, std::ceil(allowed)));
}

void EvalSettings::describe(SettingsTable& t) {
  t.add("every", every,
        "steps between evaluations; the first is before RL, the last after it; 0: only those two")
      .between(0, 1e7);
  t.add("problems", problems, "held-out problems").between(1, 1e6);
  t.add("samples", samples, "completions a problem for the sampled accuracy").between(1, 1024);
  t.add("temperature", temperature,
        "of the sampled accuracy; greedy decoding is reported beside it")
      .between(0.01, 10);
  t.add("split", split, "where the problems come from; training never sees either")
      .one_of({"test", "validation"});
}

void CheckpointSettings::describe(SettingsTable& t) {
  t.add("every", every, "steps between checkpoints; 0: only at the end and when interrupted")
      .between(0, 1e7);
  t.add("keep", keep, "newest checkpoints kept").between(1, 1e6);
  t.add("keep_best", keep_best,
        "also keep the one with the best sampled accuracy, which checkpoints/best names; needs "
        "eval.split: validation");
}

void PreflightSettings::describe(SettingsTable& t) {
  t.add("problems", problems,
        "training problems whose answers, and samples of the start policy, are looked at before "
        "RL; 0: no preflight")
      .between(0, 4096);
  t.add("max_truncated", max_truncated,
        "share of completions cut at rollout.max_tokens that stops the run before it begins; above "
        "a fifth it warns; 1: never stops")
      .between(0, 1);
}

bool is_plugin_path(const std::string& name) {
  return name.find('/') != std::string::npos || name.ends_with(".so");
}

std::string plugin_name(const Node& use) {
  return is_plugin_path(use.scalar) ? whole_path(use) : use.scalar;
}

std::vector<SectionTable> section_tables(Experiment& e) {
  std::vector<SectionTable> sections(10);
  const char* const names[] = {"",           "model", "lora", "warm_start", "rollout",
                               "curriculum", "train", "eval", "checkpoint", "preflight"};
  for (std::size_t i = 0; i < sections.size(); ++i) sections[i].name = names[i];
  e.general.describe(sections[0].table);
  e.model.describe(sections[1].table);
  e.lora.describe(sections[2].table);
  e.warm_start.describe(sections[3].table);
  e.rollout.describe(sections[4].table);
  e.curriculum.describe(sections[5].table);
  e.train.describe(sections[6].table);
  e.eval.describe(sections[7].table);
  e.checkpoint.describe(sections[8].table);
  e.preflight.describe(sections[9].table);
  return sections;
}

namespace {

PluginChoice plugin_choice(const Node& root, const std::string& section) {
  const Node* node = root.find(section);
  if (node == nullptr)
    throw Error(root.origin, "no section \"" + section + "\"",
                "add " + section + ": {use: NAME}; `tinyzero " + section + " list` names them");
  const Node* use = node->kind == Node::Kind::map ? node->find("use") : nullptr;
  if (use == nullptr || use->kind != Node::Kind::scalar || use->scalar.empty()) {
    std::string hint =
        "write " + section + ": {use: NAME}; `tinyzero " + section + " list` names them";
    for (const Entry& entry : node->entries) {
      if (entry.name.starts_with("use:"))
        hint = "a colon wants a blank after it: use: " + shown_text(entry.name.substr(4));
    }
    throw Error(node->origin, section + " does not say which to use", hint);
  }
  return {plugin_name(*use), *node};
}

bool has_levels(const Node& task) {
  if (task.find("levels") != nullptr) return true;
  const Node* tasks = task.find("tasks");
  return tasks != nullptr &&
         std::any_of(tasks->entries.begin(), tasks->entries.end(),
                     [](const Entry& entry) { return entry.value.find("levels") != nullptr; });
}

// Settings of a curriculum matter where the task has levels. Returns whether they do.
bool check_curriculum(const Experiment& e, const Node* section) {
  if (!has_levels(e.task.settings)) {
    if (section != nullptr && !section->entries.empty() &&
        section->origin.layer >= e.task.settings.origin.layer)
      throw Error(
          section->origin, "curriculum has no effect: the task has no levels",
          "give it some, for example task.levels: [{level: 1}, {level: 2}], or remove the section");
    return false;
  }
  if (e.curriculum.lower_at >= e.curriculum.raise_at && e.curriculum.lower_at > 0)
    throw Error(e.place("curriculum.lower_at"),
                "curriculum.lower_at is " + real_text(e.curriculum.lower_at) +
                    ", curriculum.raise_at " + real_text(e.curriculum.raise_at) +
                    ": a level would be left in both directions at once",
                "set lower_at below raise_at");
  return true;
}

// Settings that say what a new model looks like.
bool shapes_new_model(const std::string& path) {
  return path.starts_with("model.") && path != "model.path" && path != "model.template";
}

void check_model(const ModelSettings& model, const Node* section) {
  if (section == nullptr || model.path.empty()) return;
  for (const Entry& entry : section->entries) {
    if (!shapes_new_model("model." + entry.name) ||
        section->find("path")->origin.layer > entry.value.origin.layer)
      continue;
    throw Error(entry.origin,
                "model." + entry.name + " has no effect beside model.path: the folder \"" +
                    model.path + "\" decides",
                "remove one of them");
  }
}

void check_lora(const Experiment& e) {
  if (e.lora.rank == 0) return;
  if (e.model.path.empty())
    throw Error(e.place("lora.rank"),
                "lora.rank is " + std::to_string(e.lora.rank) +
                    ", and the model is new: an adapter changes one that has learned",
                "set model.path to a Hugging Face folder, or a checkpoint of a run");
  const std::pair<const char*, const std::string&> optimizers[] = {
      {"train.optimizer", e.train.optimizer}, {"warm_start.optimizer", e.warm_start.optimizer}};
  for (const auto& [name, optimizer] : optimizers) {
    const bool used =
        std::string(name) == "train.optimizer" ? e.train.steps > 0 : e.warm_start.steps > 0;
    if (used && optimizer == "muon")
      throw Error(
          e.place(name),
          std::string(name) + " is muon, and lora.rank " + std::to_string(e.lora.rank) +
              ": the factors of an adapter are no matrices whose updates are to be orthogonal",
          std::string("set ") + name + ": adamw");
  }
  if (e.train.weights != "f32")
    throw Error(e.place("train.weights"),
                "train.weights is " + e.train.weights + ", and lora.rank " +
                    std::to_string(e.lora.rank) +
                    ": what learns is the adapter, whose few numbers stay f32",
                "remove train.weights");
  std::vector<std::string> targets = e.lora.targets;
  std::sort(targets.begin(), targets.end());
  if (std::adjacent_find(targets.begin(), targets.end()) != targets.end())
    throw Error(
        e.place("lora.targets"),
        "lora.targets names \"" + *std::adjacent_find(targets.begin(), targets.end()) + "\" twice");
}

void check_training(const Experiment& e) {
  if (e.train.budget_tokens > 0 && e.train.budget_seconds > 0)
    throw Error(e.place("train.budget_tokens"),
                "train.budget_tokens and train.budget_seconds are both set",
                "one budget binds: keep one of them");
  if (e.train.steps > 0 && e.rollout.prompts % e.train.updates != 0) {
    throw Error(e.place("train.updates"),
                "train.updates is " + std::to_string(e.train.updates) +
                    ", which does not divide rollout.prompts " + std::to_string(e.rollout.prompts),
                "each update takes the same number of problems");
  }
  if (e.checkpoint.keep_best && e.eval.split != "validation") {
    throw Error(
        e.place("checkpoint.keep_best"),
        "checkpoint.keep_best is true, and eval.split is " + e.eval.split +
            ": the accuracy of a checkpoint that was chosen by it would look better than it is",
        "set eval.split: validation, and measure the chosen one on test: tinyzero eval "
        "RUN/checkpoints/best");
  }
}

}  // namespace

Node load_with_overrides(const fs::path& path, const std::vector<std::string>& overrides,
                         Mistakes& mistakes) {
  Node root = load_yaml(path);
  for (const std::string& assignment : overrides) {
    mistakes.collect([&] {
      Node changed = root;
      apply_override(changed, assignment);
      expand_short_forms(changed);
      root = std::move(changed);
    });
  }
  return root;
}

Experiment Experiment::load(const fs::path& path, const std::vector<std::string>& overrides) {
  Mistakes mistakes;
  Node root = load_with_overrides(path, overrides, mistakes);
  Experiment e = from_node(std::move(root), path.stem().string(), mistakes);
  mistakes.refuse();
  return e;
}

Experiment Experiment::from_node(Node root, const std::string& name) {
  Mistakes mistakes;
  Experiment e = from_node(std::move(root), name, mistakes);
  mistakes.refuse();
  return e;
}

namespace {

// All sections but those of plugins.
void read_sections(const Node& root, Experiment& e, Mistakes& mistakes,
                   const std::vector<std::string>& plugin_keys) {
  auto sections = section_tables(e);
  std::vector<std::string> section_names = {"task", "algorithm"};
  for (const SectionTable& section : sections) {
    if (!section.name.empty()) section_names.push_back(section.name);
  }
  for (const SectionTable& section : sections) {
    const bool top = section.name.empty();
    mistakes.collect([&] {
      const auto rows =
          read_settings(top ? &root : root.find(section.name), section.table, section.name,
                        top ? section_names : std::vector<std::string>{}, nullptr, plugin_keys);
      e.resolved.insert(e.resolved.end(), rows.begin(), rows.end());
      for (ResolvedSetting& row : e.resolved)
        row.files.clear();  // model.path is a folder: model_hashes knows its files
    });
  }
}

// What the sections say together.
void settle_sections(const Node& root, Experiment& e, Mistakes& mistakes) {
  mistakes.collect([&] { check_model(e.model, root.find("model")); });
  bool levels = true;
  mistakes.collect([&] { levels = check_curriculum(e, root.find("curriculum")); });
  if (!levels)
    std::erase_if(e.resolved,
                  [](const ResolvedSetting& s) { return s.path.starts_with("curriculum."); });
  if (!e.model.path.empty())
    std::erase_if(e.resolved, [](const ResolvedSetting& s) { return shapes_new_model(s.path); });
  e.general.threads = threads_or_cores(e.general.threads);
  for (ResolvedSetting& s : e.resolved) {  // a run goes on with as many: its sums depend on them
    if (s.path == "threads") s.value = std::to_string(e.general.threads);
  }
  mistakes.collect([&] { check_lora(e); });
  mistakes.collect([&] { check_training(e); });
}

}  // namespace

Experiment Experiment::from_node(Node root, const std::string& name, Mistakes& mistakes,
                                 const std::vector<std::string>& plugin_keys) {
  if (const auto compare = std::find_if(root.entries.begin(), root.entries.end(),
                                        [](const Entry& entry) { return entry.name == "compare"; });
      compare != root.entries.end())
    throw Error(compare->origin, "the section compare: belongs to several runs, not to one",
                "run the file with `tinyzero compare`");
  expand_short_forms(root);
  Experiment e;
  e.name = name;
  const bool whole = mistakes.empty();
  read_sections(root, e, mistakes, plugin_keys);
  mistakes.collect([&] { e.task = plugin_choice(root, "task"); });
  mistakes.collect([&] { e.algorithm = plugin_choice(root, "algorithm"); });
  if (whole && mistakes.empty())
    settle_sections(root, e, mistakes);  // what is missing would be a mistake of its own
  return e;
}

const ResolvedSetting* Experiment::find(const std::string& path) const {
  const auto found = std::find_if(resolved.begin(), resolved.end(),
                                  [&](const ResolvedSetting& s) { return s.path == path; });
  return found == resolved.end() ? nullptr : &*found;
}

Place Experiment::place(const std::string& path) const {
  const ResolvedSetting* setting = find(path);
  return setting != nullptr && setting->is_written() ? static_cast<Place>(setting->origin)
                                                     : Place();
}

std::string resolved_yaml(const std::vector<ResolvedSetting>& settings) {
  std::string out;
  std::vector<std::string> open;  // names of the sections around the last setting
  for (const ResolvedSetting& setting : settings) {
    std::vector<std::string> names;
    std::istringstream path(setting.path);
    for (std::string name; std::getline(path, name, '.');) names.push_back(name);
    const std::size_t shared =
        std::mismatch(open.begin(), open.end(), names.begin(), names.end() - 1).first -
        open.begin();
    for (std::size_t depth = shared; depth < names.size(); ++depth)
      out += std::string(2 * depth, ' ') + names[depth] + ":" +
             (depth + 1 < names.size() ? "\n" : " " + setting.value + "\n");
    names.pop_back();
    open = std::move(names);
  }
  return out;
}

}  // namespace tinyzero
