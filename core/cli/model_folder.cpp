#include "core/cli/model_folder.h"

#include "core/base/error.h"
#include "core/cli/settings_text.h"
#include "core/config/experiment.h"
#include "core/config/overrides.h"
#include "core/model/folder.h"
#include "core/plugin/library.h"
#include "core/run/checkpoint.h"

namespace tinyzero {
namespace {

// A run folder has a config.yaml and checkpoints.
bool is_run_folder(const fs::path& path) {
  return fs::exists(path / "config.yaml") && fs::is_directory(path / "checkpoints");
}

// The run that `path` is, or of which it is a checkpoint; empty if neither.
fs::path run_of(const fs::path& path) {
  if (is_run_folder(path)) return path;
  const fs::path folder = (fs::absolute(path) / "").lexically_normal().parent_path();
  const bool checkpoint = folder.parent_path().filename() == "checkpoints" &&
                          is_run_folder(folder.parent_path().parent_path());
  return checkpoint ? folder.parent_path().parent_path() : fs::path();
}

}  // namespace

fs::path model_folder(const fs::path& path) {
  if (!is_run_folder(path)) {
    check_model_folder(path);
    return path;
  }
  const auto checkpoints = list_checkpoints(path / "checkpoints");
  if (checkpoints.empty())
    throw Error("the run " + path.string() + " has no checkpoint yet",
                "wait for the first one, or continue with `train --resume`");
  return checkpoints.back();
}

Subject find_subject(const fs::path& target, const std::string& task,
                     const std::vector<std::string>& words, std::int64_t max_tokens) {
  Subject subject;
  subject.folder = model_folder(target);
  subject.task = task;
  subject.settings = settings_from_words(words);
  const fs::path run = subject.run = run_of(target);
  if (!run.empty()) {
    const Experiment experiment = Experiment::load(run / "config.yaml", {});
    subject.max_tokens = experiment.rollout.max_tokens;
    subject.prompt_template = experiment.model.prompt_template;
    const bool same =
        task == experiment.task.use ||
        (is_plugin_path(task) && fs::absolute(task).lexically_normal() == experiment.task.use);
    if (task.empty() || same) {
      subject.task = experiment.task.use;
      subject.own_task = true;
      subject.settings = experiment.task.settings;
      for (const std::string& word : words) apply_override(subject.settings, word);
    }
  }
  if (max_tokens > 0) subject.max_tokens = max_tokens;
  return subject;
}

}  // namespace tinyzero
