// A task in the host: its settings, its problems and its verdicts.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/reader.h"
#include "core/plugin/library.h"
#include "core/plugin/task_code.h"

namespace tinyzero {

class Ranks;

// A setting that was written and is never used: every level of the task overrides it, or a setting
// of a later layer takes away its effect.
struct OverriddenSetting {
  std::string path;  // "task.digits"
  Origin origin;
  Origin by;
  std::string why;  // "every level sets it anew"
};

// A task with its settings. Not thread-safe: one call at a time.
class Task {
 public:
  // Opens the plugin `use` (an id, a path or a task in Python) with the settings of a map, which
  // may also hold `use` itself and what hosting.h reads. `section` is the map's dotted path. Throws
  // Error. Mixtures are opened by open_task.h.
  static Task open_plugin(const PluginCatalog& catalog, const std::string& use,
                          const Node* settings, const std::string& section);
  // `words` are the names in the map that are the host's. Throws Error.
  Task(std::unique_ptr<TaskCode> code, std::filesystem::path library, const Node* settings,
       const std::string& section = "task",
       const std::vector<std::string>& words = {"use", "in_process"});
  // A task whose code is ready for use and checks its own verdicts: a mixture (mixture.h).
  Task(std::unique_ptr<TaskCode> code, std::vector<std::filesystem::path> libraries,
       std::vector<ResolvedSetting> resolved, std::vector<OverriddenSetting> overridden);

  const TaskAbout& about() const { return code_->about(); }
  const TaskCode& code() const { return *code_; }
  const std::vector<std::filesystem::path>& libraries() const { return libraries_; }
  const std::vector<ResolvedSetting>& resolved() const { return resolved_; }
  const std::vector<OverriddenSetting>& overridden() const { return overridden_; }
  // What the task says to a person about what it read.
  std::vector<std::string> notes() const { return code_->notes(); }

  // Problems `indices` of the stream of `seed`. Throws Error if the task has none or fails.
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) const {
    return code_->draw(seed, indices);
  }
  // Problems first … first + count - 1.
  std::vector<Item> draw(std::uint64_t seed, std::uint64_t first, std::size_t count) const;

  // From now on each rank judges its part of the answers that all of them ask about, and tells the
  // others: an answer is judged once. `ranks` must outlive the task.
  void divide_judging(Ranks& ranks) { ranks_ = &ranks; }

  // One verdict per answer, in order. A row that the task fails on, or a verdict outside the task's
  // declared range, is an `error`.
  std::vector<Verdict> verify(const std::vector<Answer>& answers) const;

  // The traits of each answer, in order; rows without numbers if the task counts none. A number
  // that is not finite, or beyond 1e15, counts as NaN. A task that fails to count them is not asked
  // again: traits_fault() then says why, and all numbers are NaN.
  std::vector<TraitRow> count_traits(const std::vector<Answer>& answers) const;
  std::string traits_fault() const {
    return traits_fault_.empty() ? code_->traits_fault() : traits_fault_;
  }

  bool is_right(const Verdict& verdict) const {
    return verdict.outcome == Outcome::scored && verdict.reward >= about().reward_full;
  }
  std::string reason(const Verdict& verdict) const;  // the task's words, or the error's text

  bool can_solve() const { return about().can_solve; }
  bool can_demonstrate() const { return about().can_demonstrate; }
  bool can_count_traits() const { return !about().traits.empty(); }
  // A completion that earns the full reward; nothing if the problem has none. Throws Error if the
  // task cannot or fails.
  std::optional<std::string> solve(std::string_view state) const;
  // An imperfect worked trace, a function of (state, seed, index).
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) const;

 private:
  std::vector<Verdict> verify_here(const std::vector<Answer>& answers) const;
  std::vector<TraitRow> traits_here(const std::vector<Answer>& answers) const;

  std::unique_ptr<TaskCode> code_;
  bool checks_verdicts_ = true;
  mutable std::string traits_fault_;
  Ranks* ranks_ = nullptr;  // null: one process
  std::vector<std::filesystem::path> libraries_;
  std::vector<ResolvedSetting> resolved_;
  std::vector<OverriddenSetting> overridden_;
};

// The outcome's name in JSON: "scored", "unparsable", "abstain", "error", "timeout".
const char* outcome_name(Outcome outcome);

// Whether a verdict may enter the loss: errors, abstentions and timeouts are not rewards of 0.
inline bool is_usable(Outcome outcome) {
  return outcome == Outcome::scored || outcome == Outcome::unparsable;
}

}  // namespace tinyzero
