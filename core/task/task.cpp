#include "core/task/task.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/plugin/library_task.h"
#include "core/plugin/worker/worker_task.h"
#include "core/task/mixture.h"
#include "core/task/settings.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr const char* kInProcess = "in_process";

// The map's `in_process`: whether a task that did not come with the program is trusted like one that did.
bool is_trusted(const Node* settings, const std::string& section) {
  const Node* node = settings != nullptr ? settings->find(kInProcess) : nullptr;
  if (node == nullptr) return false;
  bool trusted = false;
  SettingsTable table;
  const Setting& row = table.add(kInProcess, trusted, "");
  row.assign(parse_setting(*node, row, section + "." + kInProcess));
  return trusted;
}

}  // namespace

std::unique_ptr<TaskCode> load_task_code(const PluginFile& file, bool trusted) {
  if (file.built_in || trusted) return std::make_unique<LibraryTask>(file.path);
  return std::make_unique<WorkerTask>(file.path, WorkerLimits{});
}

Task Task::open(const PluginCatalog& catalog, const std::string& use, const Node* settings, const std::string& section) {
  if (is_mixture(use, settings)) {
    static const Node kNothing;
    OpenedMixture opened = open_mixture(catalog, use, settings != nullptr ? *settings : kNothing);
    Task task;
    task.mixture_ = opened.code.get();
    task.code_ = std::move(opened.code);
    task.resolved_ = std::move(opened.resolved);
    task.overridden_ = std::move(opened.overridden);
    return task;
  }
  const PluginFile file = catalog.find(TINYZERO_NOTE_TASK, use);
  const bool trusted = is_trusted(settings, section);
  if (trusted && file.built_in) {
    throw Error(
        settings->find(kInProcess)->origin, section + ".in_process has no effect: \"" + use + "\" came with the program",
        "remove it: such tasks run in this process anyway");
  }
  Task task(load_task_code(file, trusted), file.path, settings, section);
  if (trusted) task.resolved_.push_back({section + "." + kInProcess, "true", settings->find(kInProcess)->origin});
  return task;
}

Task::Task(std::unique_ptr<TaskCode> code, std::filesystem::path path, const Node* settings, const std::string& section)
    : code_(std::move(code)), path_(std::move(path)) {
  const TaskSettings table(about());
  resolve_default_paths(table.table(), path_);
  resolved_ = read_settings(settings, table.table(), section, {"use", kInProcess});
  check_files(settings, table.table(), section);
  try {
    code_->create(table.values());
  } catch (const Failure&) {
    throw;
  } catch (const Error& e) {
    throw Error(place_of(settings != nullptr && settings->origin.line > 0 ? settings : nullptr), e.what(), e.hint());
  }
}

std::vector<std::filesystem::path> Task::libraries() const {
  if (mixture_ == nullptr) return {path_};
  std::vector<std::filesystem::path> all;
  for (const TaskMixture::Source& source : mixture_->sources()) {
    const std::filesystem::path& path = source.task.path_;
    if (std::find(all.begin(), all.end(), path) == all.end()) all.push_back(path);
  }
  return all;
}

std::string Task::source_of(std::string_view state) const {
  return mixture_ == nullptr ? "" : mixture_->sources()[mixture_->source_of(state)].name;
}

std::vector<Item> Task::draw(std::uint64_t seed, std::uint64_t first, std::size_t count, const Stage* stage) const {
  std::vector<std::uint64_t> indices(count);
  std::iota(indices.begin(), indices.end(), first);
  return mixture_ != nullptr ? mixture_->draw(seed, indices, stage) : draw(seed, indices);
}

std::vector<Verdict> Task::verify(const std::vector<Answer>& answers) const {
  std::vector<Verdict> verdicts = code_->verify(answers);
  for (Verdict& verdict : verdicts) {
    const bool in_range = verdict.reward >= about().reward_min && verdict.reward <= about().reward_max;
    if (is_usable(verdict.outcome) && in_range) continue;
    if (is_usable(verdict.outcome) || verdict.outcome > Outcome::error) {
      verdict.detail = "the task gave the reward " + std::to_string(verdict.reward) + " with outcome " +
                       std::to_string(static_cast<std::uint32_t>(verdict.outcome)) + ", outside what it declares";
      verdict.outcome = Outcome::error;
    }
    verdict.reward = 0;
  }
  return verdicts;
}

std::string Task::reason(const Verdict& verdict) const {
  if (verdict.outcome == Outcome::error && !verdict.detail.empty()) return verdict.detail;
  return verdict.reason < about().reasons.size() ? about().reasons[verdict.reason] : "";
}

std::optional<std::string> Task::solve(std::string_view state) const {
  if (!can_solve()) throw Error("task \"" + about().id + "\" has no solver");
  return code_->solve(state);
}

std::string Task::demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) const {
  if (!can_demonstrate()) throw Error("task \"" + about().id + "\" has no demonstrations", "set warm_start.steps: 0");
  return code_->demonstrate(state, seed, index);
}

const char* outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::scored: return "scored";
    case Outcome::unparsable: return "unparsable";
    case Outcome::abstain: return "abstain";
    case Outcome::error: return "error";
    default: return "timeout";
  }
}

}  // namespace tinyzero
