// A task's code, wherever it runs: in this process (library_task.h) or in a worker of its own
// (worker/worker_task.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.h"
#include "tinyzero/item.h"
#include "tinyzero/settings.h"

namespace tinyzero {

// One row of a task's settings table, as tz_param.
struct TaskParam {
  std::uint32_t type = 0, max_count = 1;  // TZ_INTEGER …
  std::string name, doc, fallback;
  double low = 0, high = 0;
  std::vector<std::string> choices;
  std::string needs_name, needs_value;
  bool is_path = false;  // a text that names a file
  bool operator==(const TaskParam&) const = default;
};

// What a task says of itself, copied out of its library.
struct TaskAbout {
  std::string id, title, version, doc;
  double reward_full = 1, reward_min = 0, reward_max = 1;
  std::vector<std::string> parts, reasons;
  std::vector<TaskParam> params;
  bool can_solve = false, can_demonstrate = false;
  bool is_reentrant = false;  // verify and draw may be called from several threads at once
  bool operator==(const TaskAbout&) const = default;
};

struct Answer {
  std::string_view state, completion;
};

// A task's code is not asked any more. `verdicts` are those of the call so far, with errors for the
// rest.
class TaskStopped : public Failure {
 public:
  TaskStopped(const std::string& what, const std::string& hint, std::vector<Verdict> so_far)
      : Failure(what, hint), verdicts(std::move(so_far)) {}
  std::vector<Verdict> verdicts;
};

// One call at a time. Every function but `verify` throws Error for what the task refuses and
// Failure where its code is at fault; both name the task. Text of a verdict that is an error stands
// in its `detail`.
class TaskCode {
 public:
  virtual ~TaskCode() = default;

  virtual const TaskAbout& about() const = 0;
  // Files and folders that `create` may read, beside what every task may: for code that is
  // confined. Before create.
  virtual void allow_reading(std::vector<std::filesystem::path>) {}
  // Makes the instance that the other functions use, from checked values in the order of
  // about().params.
  virtual void create(const std::vector<SettingValue>& values) = 0;
  // One item a draw, in order.
  virtual std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) = 0;
  // One verdict an answer, in order, as the task gave it: the caller checks ranges. A row that the
  // task fails on is an `error`.
  virtual std::vector<Verdict> verify(const std::vector<Answer>& answers) = 0;
  virtual std::optional<std::string> solve(std::string_view state) = 0;
  virtual std::string demonstrate(std::string_view state, std::uint64_t seed,
                                  std::uint64_t index) = 0;
};

}  // namespace tinyzero
