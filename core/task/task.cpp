#include "core/task/task.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/plugin/task_limits.h"
#include "core/ranks/ranks.h"
#include "core/task/hosting.h"
#include "core/task/settings.h"
#include "tinyzero/note.h"
#include "tinyzero/traits.h"

namespace tinyzero {
namespace {

constexpr double kLargestTrait = 1e15;  // a sum of many stays finite

// Files and folders that settings name, where a person chose the text and not the task.
std::vector<std::filesystem::path> named_files(const SettingsTable& table,
                                               const std::vector<SettingValue>& defaults) {
  std::vector<std::filesystem::path> out;
  for (std::size_t i = 0; i < table.rows().size(); ++i) {
    const std::vector<std::string>& own = defaults[i].texts;
    for (const std::string& text : table.rows()[i].value().texts) {
      std::error_code ignored;  // a path that cannot be examined counts as missing
      const bool chosen = std::find(own.begin(), own.end(), text) == own.end();
      if (chosen && !text.empty() && std::filesystem::exists(text, ignored))
        out.push_back(std::filesystem::absolute(text));
    }
  }
  return out;
}

// Why a verdict is impossible under the task's own declaration; "" if it is possible.
std::string fault_of(const Verdict& verdict, const TaskAbout& task) {
  if (verdict.outcome > Outcome::error)
    return fmt::format("gave the outcome {}, which there is not",
                       static_cast<std::uint32_t>(verdict.outcome));
  if (verdict.outcome == Outcome::error) return "";
  if (is_usable(verdict.outcome) &&
      !(verdict.reward >= task.reward_min && verdict.reward <= task.reward_max))
    return fmt::format("gave the reward {}, outside of what it declares, {} to {}", verdict.reward,
                       task.reward_min, task.reward_max);
  for (std::size_t c = 0; c < verdict.parts.size(); ++c) {
    if (!std::isfinite(verdict.parts[c]))
      return fmt::format("gave {} as the reward component \"{}\"", verdict.parts[c],
                         c < task.components.size() ? task.components[c] : "");
  }
  if (!task.reasons.empty() && verdict.reason >= task.reasons.size())
    return fmt::format("gave the reason {}; its reasons are 0 to {}", verdict.reason,
                       task.reasons.size() - 1);
  return "";
}

// Turns impossible verdicts into errors. Verdicts that are not usable get the reward 0.
void check_verdicts(std::vector<Verdict>& verdicts, const TaskAbout& task) {
  for (Verdict& verdict : verdicts) {
    if (const std::string fault = fault_of(verdict, task); !fault.empty()) {
      verdict.detail = "task \"" + task.id + "\" " + fault;
      verdict.outcome = Outcome::error;
    }
    if (!verdict.detail.empty()) verdict.detail = plain_line(verdict.detail);
    if (is_usable(verdict.outcome)) continue;
    verdict.reward = 0;
    if (verdict.outcome == Outcome::error) verdict.parts = {};
  }
}

// A library is found by the id in its note; its code must declare the same id.
void check_same_id(const PluginFile& file, const TaskAbout& about) {
  const std::string noted = file.note.field("id");
  if (noted == about.id) return;
  throw Error("cannot use " + file.path.string() + ": its note says that it is the task \"" +
                  noted + "\", its code that it is \"" + about.id + "\"",
              "build it again");
}

}  // namespace

Task Task::open_plugin(const PluginCatalog& catalog, const std::string& use, const Node* settings,
                       const std::string& section) {
  const PluginFile file = catalog.find(TINYZERO_NOTE_TASK, use);
  const TaskHosting hosting = read_hosting(file, settings, section);
  LoadedCode loaded = load_task_code(file, hosting);
  if (file.python.empty()) check_same_id(file, loaded.code->about());
  Task task(std::move(loaded.code), std::move(loaded.file), settings, section, hosting.words);
  task.resolved_.insert(task.resolved_.end(), hosting.written.begin(), hosting.written.end());
  return task;
}

Task::Task(std::unique_ptr<TaskCode> code, std::filesystem::path library, const Node* settings,
           const std::string& section, const std::vector<std::string>& words)
    : code_(std::move(code)), libraries_({std::move(library)}) {
  const TaskSettings table(about());
  resolve_default_paths(table.table(), libraries_.front());
  const std::vector<SettingValue> defaults = table.values();
  resolved_ = read_settings(settings, table.table(), section, {.reserved = words});
  for (const IdleEntry& idle : idle_entries(settings, table.table(), section))
    overridden_.push_back(
        {section + "." + idle.entry->name, idle.entry->value.origin, idle.by, idle.why});
  check_files(settings, table.table(), section);
  code_->allow_reading(named_files(table.table(), defaults));
  try {
    code_->create(table.values());
  } catch (const Failure&) {
    throw;
  } catch (const Error& e) {
    throw Error(place_of(settings != nullptr && settings->origin.line > 0 ? settings : nullptr),
                e.what(), e.hint());
  }
}

Task::Task(std::unique_ptr<TaskCode> code, std::vector<std::filesystem::path> libraries,
           std::vector<ResolvedSetting> resolved, std::vector<OverriddenSetting> overridden)
    : code_(std::move(code)),
      checks_verdicts_(false),
      libraries_(std::move(libraries)),
      resolved_(std::move(resolved)),
      overridden_(std::move(overridden)) {}

std::vector<Item> Task::draw(std::uint64_t seed, std::uint64_t first, std::size_t count) const {
  std::vector<std::uint64_t> indices(count);
  std::iota(indices.begin(), indices.end(), first);
  return draw(seed, indices);
}

std::vector<Verdict> Task::verify_here(const std::vector<Answer>& answers) const {
  try {
    std::vector<Verdict> verdicts = code_->verify(answers);
    if (checks_verdicts_) check_verdicts(verdicts, about());
    return verdicts;
  } catch (TaskStopped& stopped) {
    if (checks_verdicts_) check_verdicts(stopped.verdicts, about());
    throw;
  }
}

std::vector<Verdict> Task::verify(const std::vector<Answer>& answers) const {
  if (ranks_ == nullptr || !ranks_->are_many()) return verify_here(answers);
  const auto [first, last] = ranks_->part_of(std::ssize(answers));
  ByteWriter own;
  for (const Verdict& verdict : verify_here({answers.begin() + first, answers.begin() + last})) {
    own.put(verdict.reward);
    own.put(verdict.outcome);
    own.put(verdict.reason);
    own.put(verdict.parts);
    own.put(verdict.detail);
  }
  std::vector<Verdict> all;
  ranks_->share("verdicts", own, [&](ByteReader& in) {
    Verdict& verdict = all.emplace_back();
    verdict.reward = in.get<double>();
    verdict.outcome = in.get<Outcome>();
    verdict.reason = in.get<std::uint32_t>();
    verdict.parts = in.get<decltype(verdict.parts)>();
    verdict.detail = in.get_text();
  });
  return all;
}

std::vector<TraitRow> Task::traits_here(const std::vector<Answer>& answers) const {
  std::vector<TraitRow> rows(answers.size(), TraitRow(about().traits.size(), kNoTrait));
  if (!traits_fault_.empty()) return rows;
  try {
    rows = code_->count_traits(answers);
  } catch (const Error& e) {
    traits_fault_ = e.what();
    return rows;
  }
  for (TraitRow& row : rows) {
    for (double& value : row) value = std::fabs(value) <= kLargestTrait ? value : kNoTrait;
  }
  return rows;
}

std::vector<TraitRow> Task::count_traits(const std::vector<Answer>& answers) const {
  if (!can_count_traits()) return std::vector<TraitRow>(answers.size());
  if (ranks_ == nullptr || !ranks_->are_many()) return traits_here(answers);
  const auto [first, last] = ranks_->part_of(std::ssize(answers));
  ByteWriter own;
  for (const TraitRow& row : traits_here({answers.begin() + first, answers.begin() + last})) {
    for (const double value : row) own.put(value);
  }
  std::vector<TraitRow> all;
  ranks_->share("traits", own, [&](ByteReader& in) {
    TraitRow& row = all.emplace_back();
    for (std::size_t i = 0; i < about().traits.size(); ++i) row.push_back(in.get<double>());
  });
  return all;
}

std::string Task::reason(const Verdict& verdict) const {
  const std::vector<std::string>& reasons = about().reasons;
  const bool has_failed = verdict.outcome == Outcome::error && !verdict.detail.empty();
  return has_failed || verdict.reason >= reasons.size() ? verdict.detail : reasons[verdict.reason];
}

std::optional<std::string> Task::solve(std::string_view state) const {
  if (!can_solve()) throw Error("task \"" + about().id + "\" has no solver");
  return code_->solve(state);
}

std::string Task::demonstrate(std::string_view state, std::uint64_t seed,
                              std::uint64_t index) const {
  if (!can_demonstrate())
    throw Error("task \"" + about().id + "\" has no demonstrations", "set warm_start.steps: 0");
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
