// When a run is evaluated, and when it ends.
//
// By default every eval.every steps, and at the end: at train.steps, or with the step that uses up
// the budget. With eval.points = P instead at the shares 1/P, 2/P … of the run's length, each time
// at the step that comes nearest, and last at the last step within the budget. Nobody knows what
// the next step will cost. So the run is also evaluated after any step that may be the last one
// within the budget, under the same number P. It ends where the next step almost certainly would
// pass the budget, or with a step that did, which is not evaluated.
#pragma once

#include <cstdint>

#include "core/base/json.h"
#include "core/config/sections.h"

namespace tinyzero {

class EvaluationSchedule {
 public:
  EvaluationSchedule(const EvalSettings& eval, const TrainSettings& train);

  // A step of RL has been done, and so much of the budget is used; 0 without a budget.
  void stepped(std::int64_t step, double budget_used);

  bool evaluation_due() const { return due_; }
  bool ended() const { return ended_; }
  // With eval.points: the number of the share that the evaluation that is due stands for. Of
  // several evaluations with one number the last counts.
  std::int64_t point() const { return point_; }

  // What a checkpoint keeps. restore() takes null for the beginning, or for a run that has no
  // points.
  Json state() const;
  void restore(const Json& state, std::int64_t step, double budget_used);

 private:
  bool must_end(double budget_used) const;
  bool reaches_point(double budget_used);

  const EvalSettings& eval_;
  const TrainSettings& train_;
  std::int64_t step_ = 0;
  double used_ = 0;     // share of the run's length
  double last_ = 0;     // what the last step added to it
  double largest_ = 0;  // what a step has added at most
  std::int64_t point_ = 0;
  bool due_ = true;  // before the first step
  bool ended_ = false;
};

}  // namespace tinyzero
