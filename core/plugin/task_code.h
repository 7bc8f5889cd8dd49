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

// One row of a task's settings table: the contents of tz_param.
struct TaskParam {
  std::uint32_t type = 0;  // TZ_INTEGER …
  std::uint32_t max_count = 1;
  std::string name;
  std::string doc;
  std::string fallback;
  double low = 0;
  double high = 0;
  std::vector<std::string> choices;
  std::string needs_name;
  std::string needs_value;
  bool is_path = false;  // the text names a file
  bool operator==(const TaskParam&) const = default;
};

// A trait of completions: the contents of tz_trait.
struct TaskTrait {
  std::string name;
  std::string doc;
  std::string per;  // the trait that weighs it; empty: none does
  bool operator==(const TaskTrait&) const = default;
};

// The traits of one completion, in the order of TaskAbout::traits. NaN: the trait does not apply.
using TraitRow = std::vector<double>;

// What a task declares about itself, copied out of its library.
struct TaskAbout {
  std::string id;
  std::string title;
  std::string version;
  std::string doc;
  double reward_full = 1;
  double reward_min = 0;
  double reward_max = 1;
  std::vector<std::string> components;  // names of the reward components: tz_task.parts
  std::vector<std::string> reasons;
  std::vector<TaskParam> params;
  std::vector<TaskTrait> traits;  // empty: it counts none
  bool can_solve = false;
  bool can_demonstrate = false;
  bool is_reentrant = false;  // verify and draw may be called from several threads at once
  bool operator==(const TaskAbout&) const = default;
};

struct Answer {
  std::string_view state;
  std::string_view completion;
};

// The host has given up on a task's code. `verdicts` has a row for every answer of the call:
// answers that were not judged have errors.
class TaskStopped : public Failure {
 public:
  TaskStopped(const std::string& what, const std::string& hint, std::vector<Verdict> so_far)
      : Failure(what, hint), verdicts(std::move(so_far)) {}
  std::vector<Verdict> verdicts;
};

// Not thread-safe: one call at a time. Every function but `verify` throws Error for what the task
// refuses and Failure where its code is at fault; both name the task. The text of a verdict that is
// an error is its `detail`.
class TaskCode {
 public:
  virtual ~TaskCode() = default;

  virtual const TaskAbout& about() const = 0;
  // Files and folders that confined code may read in `create`, in addition to what every task may
  // read. Called before create.
  virtual void allow_reading(std::vector<std::filesystem::path>) {}
  // Makes the instance that the other functions use, from checked values in the order of
  // about().params.
  virtual void create(const std::vector<SettingValue>& values) = 0;
  // What `create` had to say to a person: one line each.
  virtual std::vector<std::string> notes() const { return {}; }
  // One item per index, in order.
  virtual std::vector<Item> draw(std::uint64_t seed, const std::vector<std::uint64_t>& indices) = 0;
  // One verdict per answer, in order, as the task gave it: the caller checks ranges. A row that the
  // task fails on is an `error`.
  virtual std::vector<Verdict> verify(const std::vector<Answer>& answers) = 0;
  // One row per answer, in order, as the task gave it. Not called if about().traits is empty.
  virtual std::vector<TraitRow> count_traits(const std::vector<Answer>& answers) = 0;
  // Why parts of the task count no traits any more; "" if all do. Only of a task that is made of
  // others.
  virtual std::string traits_fault() const { return ""; }
  virtual std::optional<std::string> solve(std::string_view state) = 0;
  virtual std::string demonstrate(std::string_view state, std::uint64_t seed,
                                  std::uint64_t index) = 0;
};

}  // namespace tinyzero
