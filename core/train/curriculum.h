// The levels of a run's tasks. A level rises or falls by the accuracy of the completions that were
// sampled at it. That is a function of the run so far, so a run that continues from a checkpoint
// repeats the uninterrupted one.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/experiment.h"
#include "core/task/mixture.h"

namespace tinyzero {

struct ScoredCompletion;

class Curriculum {
 public:
  // `task` must outlive the curriculum. Every task of a mixture begins at its first level.
  Curriculum(const CurriculumSettings& settings, const Task& task);

  // The levels that the next step's problems come from; null: nothing has levels.
  const Stage* stage() const { return mixture_ != nullptr ? &stage_ : nullptr; }

  // Counts a step's completions, and changes levels by them. Returns a sentence for each change.
  std::vector<std::string> observe(const std::vector<Item>& items,
                                   const std::vector<ScoredCompletion>& completions);

  // Adds the levels to a step's record, counted from 1: curriculum/level, or curriculum/level/TASK
  // in a mixture.
  void record(Json& record) const;

  // What a checkpoint holds; null if there are no levels.
  Json state() const;
  // Takes what state() gave, or null for a run that has no checkpoint yet. Throws Error if it does
  // not fit the task.
  void restore(const Json& state);

 private:
  struct Step {
    double right = 0, judged = 0;
  };

  // Raises or lowers the level of a task of the mixture; returns a sentence if it changed, else "".
  std::string change(std::size_t task, double accuracy);

  CurriculumSettings settings_;
  const TaskMixture* mixture_;
  Stage stage_;
  std::vector<std::deque<Step>> windows_;  // by task: the last steps at its level
};

}  // namespace tinyzero
