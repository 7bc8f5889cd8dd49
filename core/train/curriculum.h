// Where a run stands in the levels of its tasks. A level rises, or falls, by the accuracy of the
// completions that were sampled at it: a function of the run so far, so a run that goes on from a
// checkpoint repeats the uninterrupted one.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/config/experiment.h"
#include "core/rollout/episodes.h"
#include "core/task/mixture.h"

namespace tinyzero {

class Curriculum {
 public:
  // `task` must outlive it. Every part of a mixture begins at its first level; a task with one
  // source has none.
  Curriculum(const CurriculumSettings& settings, const Task& task);

  // Which levels the next step's problems come from; null: the task has one source.
  const Stage* stage() const { return mixture_ != nullptr ? &stage_ : nullptr; }

  // Counts a step's completions, and changes levels by them. Returns what changed, in words.
  std::vector<std::string> observe(const std::vector<Item>& items,
                                   const std::vector<ScoredCompletion>& completions);

  // Adds the levels to a step's record, counted from 1: curriculum/level, or curriculum/level/PART
  // in a mixture.
  void record(Json& record) const;

  // What a checkpoint keeps; null if there are no levels, or, of a run without a checkpoint,
  // nothing yet. restore throws Error if that does not fit the task.
  Json state() const;
  void restore(const Json& state);

 private:
  struct Step {
    double right = 0, judged = 0;
  };

  std::string change(std::size_t part, double accuracy);

  CurriculumSettings settings_;
  const TaskMixture* mixture_;
  Stage stage_;
  std::vector<std::deque<Step>> windows_;  // by part: the last steps at its level
};

}  // namespace tinyzero
