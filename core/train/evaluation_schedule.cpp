#include "core/train/evaluation_schedule.h"

#include <algorithm>
#include <cmath>

namespace tinyzero {
namespace {

// How much of the next step's cost is left where it may not fit into the budget, and where it
// certainly does not: in units of the costliest step so far, and of the last one.
constexpr double kMayNotFit = 1.25;
constexpr double kDoesNotFit = 0.75;

}  // namespace

EvaluationSchedule::EvaluationSchedule(const EvalSettings& eval, const TrainSettings& train)
    : eval_(eval), train_(train), ended_(train.steps == 0) {}

void EvaluationSchedule::stepped(std::int64_t step, double budget_used) {
  const double steps_used = static_cast<double>(step) / static_cast<double>(train_.steps);
  const double before = used_;
  step_ = step;
  used_ = std::max(budget_used, steps_used);
  last_ = used_ - before;
  largest_ = std::max(largest_, last_);
  ended_ = must_end(budget_used);
  due_ = eval_.points > 0 ? reaches_point(budget_used)
                          : ended_ || (eval_.every > 0 && step % eval_.every == 0);
}

bool EvaluationSchedule::must_end(double budget_used) const {
  if (step_ >= train_.steps || budget_used >= 1) return true;
  return eval_.points > 0 && train_.has_budget() && budget_used + kDoesNotFit * last_ > 1;
}

bool EvaluationSchedule::reaches_point(double budget_used) {
  if (budget_used > 1) return false;
  const std::int64_t points = eval_.points;
  const double nearest = std::ceil((used_ + last_ / 2) * static_cast<double>(points)) - 1;
  const std::int64_t reached = std::min(points - 1, static_cast<std::int64_t>(nearest));
  const bool may_be_last =
      ended_ || (train_.has_budget() && budget_used + kMayNotFit * largest_ > 1);
  if (ended_ || (may_be_last && reached <= point_)) point_ = points;
  else if (reached > point_) point_ = reached;
  else return false;
  return true;
}

Json EvaluationSchedule::state() const {
  if (eval_.points == 0) return nullptr;
  return {{"used", used_}, {"last", last_}, {"largest", largest_}, {"point", point_}};
}

void EvaluationSchedule::restore(const Json& state, std::int64_t step, double budget_used) {
  step_ = step;
  if (!state.is_null()) {
    used_ = state.at("used").get<double>();
    last_ = state.at("last").get<double>();
    largest_ = state.at("largest").get<double>();
    point_ = state.at("point").get<std::int64_t>();
  }
  ended_ = must_end(budget_used);
}

}  // namespace tinyzero
