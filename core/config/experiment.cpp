#include "core/config/experiment.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "core/base/cpus.h"
#include "core/base/error.h"
#include "core/config/document.h"
#include "core/config/overrides.h"
#include "core/config/python_name.h"
#include "core/config/yaml.h"

namespace tinyzero {
namespace {

PluginChoice plugin_choice(const Node& root, const std::string& section) {
  const std::string kind = section == "algorithm" ? "algorithm" : "task";
  const std::string form = section + ": {use: NAME}; `tinyzero " + kind + " list` names them";
  const Node* node = root.find(section);
  if (node == nullptr) throw Error(root.origin, "no section \"" + section + "\"", "add " + form);
  const Node* use = node->kind == Node::Kind::map ? node->find("use") : nullptr;
  if (use != nullptr && use->kind == Node::Kind::scalar && !use->scalar.empty())
    return {plugin_name(*use), *node};
  std::string hint = "write " + form;
  for (const Entry& entry : node->entries) {
    if (entry.name.starts_with("use:")) hint = colon_hint(entry.name);
  }
  throw Error(node->origin, section + " does not say which to use", hint);
}

bool has_levels(const Node& task) {
  if (task.find("levels") != nullptr) return true;
  const Node* tasks = task.find("tasks");
  return tasks != nullptr &&
         std::any_of(tasks->entries.begin(), tasks->entries.end(),
                     [](const Entry& entry) { return entry.value.find("levels") != nullptr; });
}

// Settings of a curriculum have an effect only if the task has levels. Returns whether it has.
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

// The section `demonstrations` has an effect only if something is imitated: it is dropped where the
// command line takes the warm start away, and otherwise refused.
void settle_demonstrations(Experiment& e, const Node* section) {
  if (!e.demonstrations || e.warm_start.steps > 0 || e.train.imitate) return;
  e.demonstrations.reset();
  const ResolvedSetting* steps = e.find("warm_start.steps");
  if (steps->is_written() && steps->origin.layer > section->origin.layer) return;
  throw Error(section->origin, "demonstrations has no effect: warm_start.steps is 0",
              "set warm_start.steps, or remove the section");
}

// Whether a setting describes the shape of a new model.
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
                "model." + entry.name + " has no effect together with model.path: the folder \"" +
                    model.path + "\" decides",
                "remove one of them");
  }
}

void check_lora_optimizer(const Experiment& e, const std::string& section,
                          const std::string& optimizer) {
  if (optimizer != "muon") return;
  const std::string name = section + ".optimizer";
  throw Error(e.place(name),
              name + " is muon, and lora.rank " + std::to_string(e.lora.rank) +
                  ": Muon would orthogonalise the updates of an adapter's factors, which is not "
                  "meant for them",
              "set " + name + ": adamw");
}

void check_lora_targets(const Experiment& e) {
  std::vector<std::string> targets = e.lora.targets;
  std::sort(targets.begin(), targets.end());
  const auto twice = std::adjacent_find(targets.begin(), targets.end());
  if (twice != targets.end())
    throw Error(e.place("lora.targets"), "lora.targets names \"" + *twice + "\" twice");
}

void check_lora(const Experiment& e) {
  if (e.lora.rank == 0) return;
  if (e.model.path.empty())
    throw Error(e.place("lora.rank"),
                "lora.rank is " + std::to_string(e.lora.rank) +
                    ", and the model is new: an adapter changes a trained model",
                "set model.path to a Hugging Face folder, or a checkpoint of a run");
  if (e.train.steps > 0) check_lora_optimizer(e, "train", e.train.optimizer);
  if (e.warm_start.steps > 0) check_lora_optimizer(e, "warm_start", e.warm_start.optimizer);
  if (e.train.weights != "f32")
    throw Error(e.place("train.weights"),
                "train.weights is " + e.train.weights + ", and lora.rank " +
                    std::to_string(e.lora.rank) +
                    ": only the adapter learns, and its few numbers stay f32",
                "remove train.weights");
  check_lora_targets(e);
}

void check_training(const Experiment& e) {
  if (e.train.budget_tokens > 0 && e.train.budget_seconds > 0)
    throw Error(e.place("train.budget_tokens"),
                "train.budget_tokens and train.budget_seconds are both set",
                "one budget binds: keep one of them");
  if (e.train.steps > 0 && e.rollout.prompts % e.train.updates != 0)
    throw Error(e.place("train.updates"),
                "train.updates is " + std::to_string(e.train.updates) +
                    ", which does not divide rollout.prompts " + std::to_string(e.rollout.prompts),
                "each update takes the same number of problems");
  if (e.rollout.ahead > 0 && e.train.steps > 0 && e.train.importance_cap == 0)
    throw Error(
        e.place("rollout.ahead"),
        "rollout.ahead is 1, and train.importance_cap 0: completions of older weights would "
        "count as if the policy that learns had sampled them",
        "set train.importance_cap: 2");
  if (e.checkpoint.keep_best && e.eval.split != "validation")
    throw Error(
        e.place("checkpoint.keep_best"),
        "checkpoint.keep_best is true, and eval.split is " + e.eval.split +
            ": the accuracy of a checkpoint that was chosen by it would look better than it is",
        "set eval.split: validation, and measure the chosen one on test: tinyzero eval "
        "RUN/checkpoints/best");
}

// Reads all sections except those of plugins.
void read_sections(const Node& root, Experiment& e, Mistakes& mistakes,
                   const std::vector<std::string>& plugin_keys) {
  const std::vector<SectionTable> sections = section_tables(e);
  std::vector<std::string> names = {"task", "demonstrations", "algorithm"};
  for (const SectionTable& section : sections) {
    if (!section.name.empty()) names.push_back(section.name);
  }
  for (const SectionTable& section : sections) {
    const bool top = section.name.empty();
    mistakes.collect([&] {
      const auto rows =
          read_settings(top ? &root : root.find(section.name), section.table, section.name,
                        {.reserved = top ? names : std::vector<std::string>(),
                         .base = nullptr,
                         .plugin_keys = plugin_keys});
      e.resolved.insert(e.resolved.end(), rows.begin(), rows.end());
    });
  }
  // model.path is a folder: model_hashes knows its files.
  for (ResolvedSetting& row : e.resolved) row.files.clear();
}

// Checks the sections together, and drops settings without effect.
void settle_sections(const Node& root, Experiment& e, Mistakes& mistakes) {
  mistakes.collect([&] { check_model(e.model, root.find("model")); });
  mistakes.collect([&] { settle_demonstrations(e, root.find("demonstrations")); });
  bool levels = true;
  mistakes.collect([&] { levels = check_curriculum(e, root.find("curriculum")); });
  std::erase_if(e.resolved, [&](const ResolvedSetting& s) {
    return (!levels && s.path.starts_with("curriculum.")) ||
           (!e.model.path.empty() && shapes_new_model(s.path));
  });
  // A resumed run uses the same number of threads: its sums depend on it.
  e.general.threads = threads_or_cores(e.general.threads);
  for (ResolvedSetting& s : e.resolved) {
    if (s.path == "threads") s.value = std::to_string(e.general.threads);
  }
  mistakes.collect([&] { check_lora(e); });
  mistakes.collect([&] { check_training(e); });
}

}  // namespace

bool is_plugin_path(const std::string& name) {
  if (const std::optional<PythonName> python = python_name(name)) return !python->file.empty();
  return name.find('/') != std::string::npos || name.ends_with(".so");
}

std::string plugin_name(const Node& use) {
  return is_plugin_path(use.scalar) ? whole_path(use) : use.scalar;
}

Experiment Experiment::load(const std::filesystem::path& path,
                            const std::vector<std::string>& overrides) {
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

Experiment Experiment::from_node(Node root, const std::string& name, Mistakes& mistakes,
                                 const std::vector<std::string>& plugin_keys) {
  if (const Entry* compare = root.find_entry("compare"))
    throw Error(compare->origin, "the section compare: is about several runs, not about one",
                "run the file with `tinyzero compare`");
  expand_short_forms(root);
  Experiment e;
  e.name = name;
  const bool whole = mistakes.empty();
  read_sections(root, e, mistakes, plugin_keys);
  mistakes.collect([&] { e.task = plugin_choice(root, "task"); });
  if (root.find("demonstrations") != nullptr)
    mistakes.collect([&] { e.demonstrations = plugin_choice(root, "demonstrations"); });
  mistakes.collect([&] { e.algorithm = plugin_choice(root, "algorithm"); });
  // A missing part would lead to further mistakes here.
  if (whole && mistakes.empty()) settle_sections(root, e, mistakes);
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
