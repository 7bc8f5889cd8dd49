#include "core/cli/eval_candidates.h"

#include <algorithm>
#include <set>

#include "core/base/error.h"
#include "core/cli/output.h"
#include "core/cli/settings_text.h"
#include "core/eval/evaluation.h"
#include "core/run/manifest.h"
#include "core/task/open_task.h"

namespace tinyzero {
namespace {

bool is_setting(const std::string& word) {
  return word.find('=') != std::string::npos && !fs::exists(word);
}

void check_targets(const EvalCommandOptions& options, const std::vector<std::string>& targets) {
  if (targets.empty() && options.endpoint.url.empty())
    throw Error("nothing to evaluate",
                "give a run or a model folder, or --endpoint URL --model NAME");
  if (!options.prompt_template.empty() && targets.empty() && !options.endpoint.completions)
    throw Error("--template has no effect: a chat endpoint frames prompts itself",
                "leave it away, or add --completions");
  if (!options.endpoint.url.empty() && options.endpoint.models.empty())
    throw Error("--model is missing: which of the endpoint's models?",
                "add --model NAME, as the endpoint calls it");
}

// The answers of a model are told apart by its name.
void check_names(const std::vector<Subject>& folders, const std::vector<std::string>& models) {
  std::set<std::string> names;
  for (const Subject& s : folders) {
    if (!names.insert(s.folder).second) throw Error(s.folder.string() + " is given twice");
  }
  for (const std::string& model : models) {
    if (!names.insert(model).second) throw Error("the model " + model + " is given twice");
  }
}

// In which way a run's task is not the one that is evaluated on.
std::string difference(const Subject& subject, const Json& other, const Candidates& candidates,
                       const Json& wanted) {
  if (subject.task != candidates.task) return "task " + subject.task + ", not " + candidates.task;
  std::string differs;
  for (const auto& [name, value] : other.items()) {
    const Json first = wanted.value(name, Json("nothing"));
    if (first != value)
      differs = name + " " + value.get<std::string>() + ", not " + first.get<std::string>();
  }
  return differs.empty() ? "task " + subject.task + ", not " + candidates.task : differs;
}

}  // namespace

Candidates find_candidates(const EvalCommandOptions& options) {
  std::vector<std::string> targets;
  std::vector<std::string> settings;
  for (const std::string& word : options.words)
    (is_setting(word) ? settings : targets).push_back(word);
  check_targets(options, targets);
  Candidates out{.folders = {}, .task = options.task, .settings = settings_from_words(settings)};
  for (const std::string& target : targets) {
    out.folders.push_back(find_subject(target, options.task, settings, options.max_tokens));
    if (!options.prompt_template.empty())
      out.folders.back().prompt_template = options.prompt_template;
  }
  const auto run = std::find_if(out.folders.begin(), out.folders.end(),
                                [](const Subject& s) { return s.own_task; });
  if (run != out.folders.end()) {
    out.task = run->task;
    out.settings = run->settings;
  }
  if (out.task.empty())
    throw Error(
        "--task is missing: " +
            (targets.empty() ? "an endpoint" : targets.front() + " is a model folder, which") +
            " has no task of its own",
        "add --task NAME");
  check_names(out.folders, options.endpoint.models);
  return out;
}

void check_same_task(const PluginCatalog& catalog, const Candidates& candidates, const Task& task) {
  const Json wanted = task_settings(task);
  for (const Subject& subject : candidates.folders) {
    if (!subject.own_task) continue;
    const Json other = task_settings(open_task(catalog, subject.task, &subject.settings));
    if (subject.task == candidates.task && other == wanted) continue;
    throw Error("the runs have different tasks: that of " + subject.folder.string() + " has " +
                    difference(subject, other, candidates, wanted),
                "choose the task with --task NAME, and its settings with key=value");
  }
}

void warn_of_changed_files(const Candidates& candidates, const Task& task) {
  for (const Subject& subject : candidates.folders) {
    if (!subject.own_task) continue;
    for (const Change& change : changed_files(subject.run, task.resolved()))
      print(stderr, "warning: {} has changed since the run {} began: its hash was {}, and is {}\n",
            change.what, subject.run.string(), change.before, change.now);
  }
}

}  // namespace tinyzero
