// A task in the host: a loaded plugin, its settings, its problems and its verdicts.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/reader.h"
#include "core/plugin/library.h"
#include "tinyzero/item.h"
#include "tinyzero/task_abi.h"

namespace tinyzero {

struct Answer {
  std::string_view state, completion;
};

// The settings of a task as a table over storage of its own.
class TaskSettings {
 public:
  explicit TaskSettings(const tz_task& task);

  const SettingsTable& table() const { return table_; }
  // The table's values in the ABI's form; valid while this object lives and is not changed.
  std::vector<tz_value> abi_values();

 private:
  struct Storage;
  SettingsTable table_;
  std::vector<std::shared_ptr<Storage>> storage_;
};

// One call at a time.
class Task {
 public:
  // Opens `use` (an id or a path) with the settings of a map (which may hold `use` itself). Throws Error.
  static Task open(const PluginCatalog& catalog, const std::string& use, const Node* settings);
  Task(const tz_task& descriptor, std::filesystem::path path, const Node* settings);

  const tz_task& about() const { return *descriptor_; }
  const std::filesystem::path& path() const { return path_; }
  const std::vector<ResolvedSetting>& resolved() const { return resolved_; }

  // Problems `indices` of the stream of `seed`. Throws Error if the task has none or fails.
  std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) const;

  // One verdict an answer, in order. A row that the task fails on, or a verdict outside the task's declared range, is an `error`.
  std::vector<Verdict> verify(const std::vector<Answer>& answers) const;

  bool is_right(const Verdict& verdict) const { return verdict.outcome == Outcome::scored && verdict.reward >= descriptor_->reward_full; }
  std::string reason(const Verdict& verdict) const;  // the task's words, or the error's text

  bool can_solve() const { return solve_ != nullptr; }
  bool can_demonstrate() const { return demonstrate_ != nullptr; }
  // A completion that earns the full reward; nothing if the problem has none. Throws Error if the task cannot or fails.
  std::optional<std::string> solve(std::string_view state) const;
  // An imperfect worked trace, a function of (state, seed, index).
  std::string demonstrate(std::string_view state, std::uint64_t seed, std::uint64_t index) const;

 private:
  void check(tz_status status, const tz_error& error, const char* doing) const;

  const tz_task* descriptor_;
  const tz_solve* solve_;
  const tz_demonstrate* demonstrate_;
  std::filesystem::path path_;
  std::vector<ResolvedSetting> resolved_;
  std::shared_ptr<tz_instance> instance_;
};

// Words of the JSON forms: "scored", "unparsable", "abstain", "error", "timeout".
const char* outcome_name(Outcome outcome);

// Whether a verdict may enter the loss: errors, abstentions and timeouts are not rewards of 0.
inline bool is_usable(Outcome outcome) { return outcome == Outcome::scored || outcome == Outcome::unparsable; }

}  // namespace tinyzero
