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

// The code of a task: in this process if it came with the program or is `trusted`, else in a
// worker. Throws Error or Failure.
std::unique_ptr<TaskCode> load_task_code(const PluginFile& file, bool trusted);

class TaskMixture;
struct Stage;

// A setting that was written and is never used: every level beside it sets it anew, or a setting of
// a later layer leaves it nothing to do.
struct OverriddenSetting {
  std::string path;  // "task.digits"
  Origin origin;
  Origin by;
  std::string why;  // "every level sets it anew"
};

// One call at a time.
class Task {
 public:
  // Opens `use` (an id or a path) with the settings of a map (which may hold `use` itself), or a
  // mixture (mixture.h). Tasks that came with the program run in this process, others in a worker,
  // unless the map holds `in_process: true`. `section` is the map's dotted path. Throws Error.
  static Task open(const PluginCatalog& catalog, const std::string& use, const Node* settings,
                   const std::string& section = "task");
  Task(std::unique_ptr<TaskCode> code, std::filesystem::path path, const Node* settings,
       const std::string& section = "task");

  const TaskAbout& about() const { return code_->about(); }
  std::vector<std::filesystem::path> libraries() const;    // the task's, or each of a mixture's
  const TaskMixture* mixture() const { return mixture_; }  // null: problems have one source
  // Name of the source of a problem; "" if there is only one.
  std::string source_of(std::string_view state) const;
  const std::vector<ResolvedSetting>& resolved() const { return resolved_; }
  const std::vector<OverriddenSetting>& overridden() const { return overridden_; }

  // Problems `indices` of the stream of `seed`. Throws Error if the task has none or fails.
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) const {
    return code_->draw(seed, indices);
  }

  // Problems first … first + count - 1. `stage` says from which levels of a mixture; null: from
  // all.
  std::vector<Item> draw(std::uint64_t seed, std::uint64_t first, std::size_t count,
                         const Stage* stage = nullptr) const;

  // One verdict an answer, in order. A row that the task fails on, or a verdict outside the task's
  // declared range, is an `error`.
  std::vector<Verdict> verify(const std::vector<Answer>& answers) const;

  bool is_right(const Verdict& verdict) const {
    return verdict.outcome == Outcome::scored && verdict.reward >= about().reward_full;
  }
  std::string reason(const Verdict& verdict) const;  // the task's words, or the error's text

  bool can_solve() const { return about().can_solve; }
  bool can_demonstrate() const { return about().can_demonstrate; }
  // A completion that earns the full reward; nothing if the problem has none. Throws Error if the
  // task cannot or fails.
  std::optional<std::string> solve(std::string_view state) const;
  // An imperfect worked trace, a function of (state, seed, index).
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) const;

 private:
  Task() = default;

  std::unique_ptr<TaskCode> code_;
  const TaskMixture* mixture_ = nullptr;  // the code, if it is one
  std::filesystem::path path_;
  std::vector<ResolvedSetting> resolved_;
  std::vector<OverriddenSetting> overridden_;
};

// Words of the JSON forms: "scored", "unparsable", "abstain", "error", "timeout".
const char* outcome_name(Outcome outcome);

// Whether a verdict may enter the loss: errors, abstentions and timeouts are not rewards of 0.
inline bool is_usable(Outcome outcome) {
  return outcome == Outcome::scored || outcome == Outcome::unparsable;
}

}  // namespace tinyzero
