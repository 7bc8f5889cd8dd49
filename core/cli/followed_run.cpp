#include "core/cli/followed_run.h"

#include <fmt/format.h>

#include "core/cli/run_text.h"
#include "core/config/experiment.h"

namespace tinyzero {
namespace {

constexpr std::size_t kRecords = 20;  // records whose times say how long a step takes

std::int64_t step_of(const Json& record, bool warm) {
  return record.value(warm ? "warm_start/step" : "step", std::int64_t{0});
}

}  // namespace

void FollowedRun::add(Json record) {
  const bool warm = record.contains("warm_start/step");
  if (!warm && !record.contains("train/reward")) return;
  const bool continues =
      !records_.empty() && warm == warm_ && step_of(record, warm) > step_of(records_.back(), warm);
  if (!continues) records_.clear();
  warm_ = warm;
  records_.push_back(std::move(record));
  if (records_.size() > kRecords) records_.pop_front();
}

std::int64_t FollowedRun::step() const { return step_of(records_.back(), warm_); }

std::int64_t FollowedRun::steps() const {
  if (warm_) return experiment_.warm_start.steps;
  const double used = experiment_.train.budget_used(records_.back().value("tokens/spent", 0.0),
                                                    records_.back().value("time/spent", 0.0));
  return experiment_.train.expected_steps(step(), used);
}

std::string FollowedRun::text(std::size_t columns) const {
  const Json& first = records_.front();
  const double passed = records_.back().value("seconds", 0.0) - first.value("seconds", 0.0);
  const double taken = step() - step_of(first, warm_);
  const double left = taken > 0 ? passed / taken * static_cast<double>(steps() - step()) : -1;
  return live_text(records_.back(), steps(), left, columns);
}

std::string FollowedRun::where() const {
  if (!begun()) return "its first step";
  return fmt::format("{}step {} of {}", warm_ ? "warm-start " : "", step(), steps());
}

}  // namespace tinyzero
