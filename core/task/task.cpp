#include "core/task/task.h"

#include <algorithm>
#include <numeric>

#include "core/base/error.h"
#include "core/plugin/library_task.h"
#include "core/plugin/worker/worker_task.h"
#include "core/task/settings.h"
#include "tinyzero/note.h"

namespace tinyzero {
namespace {

constexpr const char* kInProcess = "in_process";

// The map's `in_process`: whether a task that did not come with the program is trusted like one that did.
bool is_trusted(const Node* settings) {
  const Node* node = settings != nullptr ? settings->find(kInProcess) : nullptr;
  if (node == nullptr) return false;
  bool trusted = false;
  SettingsTable table;
  const Setting& row = table.add(kInProcess, trusted, "");
  row.assign(parse_setting(*node, row, std::string("task.") + kInProcess));
  return trusted;
}

}  // namespace

std::unique_ptr<TaskCode> load_task_code(const PluginFile& file, bool trusted) {
  if (file.built_in || trusted) return std::make_unique<LibraryTask>(file.path);
  return std::make_unique<WorkerTask>(file.path, WorkerLimits{});
}

Task Task::open(const PluginCatalog& catalog, const std::string& use, const Node* settings) {
  const PluginFile file = catalog.find(TINYZERO_NOTE_TASK, use);
  const bool trusted = is_trusted(settings);
  if (trusted && file.built_in) {
    throw Error(settings->find(kInProcess)->origin.text() + ": task.in_process has no effect: \"" + use + "\" came with the program",
                "remove it: such tasks run in this process anyway");
  }
  Task task(load_task_code(file, trusted), file.path, settings);
  if (trusted) task.resolved_.push_back({std::string("task.") + kInProcess, "true", settings->find(kInProcess)->origin.text()});
  return task;
}

Task::Task(std::unique_ptr<TaskCode> code, std::filesystem::path path, const Node* settings)
    : code_(std::move(code)), path_(std::move(path)) {
  const TaskSettings table(about());
  resolved_ = read_settings(settings, table.table(), "task", {"use", kInProcess});
  try {
    code_->create(table.values());
  } catch (const Failure&) {
    throw;
  } catch (const Error& e) {
    throw Error((settings != nullptr && settings->origin.line > 0 ? settings->origin.text() + ": " : "") + e.what(), e.hint());
  }
}

std::vector<Item> Task::draw(std::uint64_t seed, std::uint64_t first, std::size_t count) const {
  std::vector<std::uint64_t> indices(count);
  std::iota(indices.begin(), indices.end(), first);
  return draw(seed, indices);
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
