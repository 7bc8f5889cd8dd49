// When runs are evaluated, for steps of any cost.

#include "core/train/evaluation_schedule.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "tinyzero/rng.h"

using namespace tinyzero;

TEST_SUITE_BEGIN("core/train/evaluation_schedule");

namespace {

struct Evaluation {
  std::int64_t step = 0;
  double used = 0;
};

struct Schedule {
  std::map<std::int64_t, Evaluation> by_point;  // the last one of each
  std::int64_t evaluations = 0;
  std::int64_t steps = 0;  // until the run ended
  double used = 0;
};

using Cost = std::function<double(std::int64_t step)>;

// A run whose steps cost these shares of its budget. `again`: after this step it is resumed.
Schedule run(std::int64_t points, const Cost& cost, std::int64_t again = 0) {
  const EvalSettings eval{.points = points};
  TrainSettings train;
  train.steps = 100000;
  train.budget_tokens = 1;
  auto schedule = std::make_unique<EvaluationSchedule>(eval, train);
  Schedule out;
  while (!schedule->ended()) {
    out.used += cost(++out.steps);
    schedule->stepped(out.steps, out.used);
    if (schedule->evaluation_due()) {
      out.by_point[schedule->point()] = {out.steps, out.used};
      ++out.evaluations;
    }
    if (out.steps != again) continue;
    const Json state = schedule->state();
    schedule = std::make_unique<EvaluationSchedule>(eval, train);
    schedule->restore(state, out.steps, out.used);
  }
  return out;
}

std::vector<std::int64_t> steps_of(const Schedule& schedule) {
  std::vector<std::int64_t> out;
  for (const auto& [point, evaluation] : schedule.by_point) out.push_back(evaluation.step);
  return out;
}

// Steps at which a run of so many steps is evaluated, without a budget.
std::vector<std::int64_t> by_steps(const EvalSettings& eval, std::int64_t steps) {
  TrainSettings train;
  train.steps = steps;
  EvaluationSchedule schedule(eval, train);
  std::vector<std::int64_t> out;
  for (std::int64_t step = 1; !schedule.ended(); ++step) {
    schedule.stepped(step, 0);
    if (schedule.evaluation_due()) out.push_back(step);
  }
  return out;
}

}  // namespace

TEST_CASE("every so many steps, and at the end") {
  CHECK(by_steps({.every = 4}, 10) == std::vector<std::int64_t>{4, 8, 10});
  CHECK(by_steps({.every = 5}, 10) == std::vector<std::int64_t>{5, 10});
  CHECK(by_steps({.every = 0}, 3) == std::vector<std::int64_t>{3});
  CHECK(by_steps({.every = 4}, 0).empty());
}

TEST_CASE("at the steps that are nearest to equal shares") {
  CHECK(by_steps({.points = 4}, 20) == std::vector<std::int64_t>{5, 10, 15, 20});
  CHECK(by_steps({.points = 3}, 10) == std::vector<std::int64_t>{3, 7, 10});
  CHECK(by_steps({.points = 10}, 4) == std::vector<std::int64_t>{1, 2, 3, 4});
  CHECK(by_steps({.points = 1}, 7) == std::vector<std::int64_t>{7});
}

TEST_CASE("without points a budget ends a run with the step that uses it up, and evaluates that") {
  TrainSettings train;
  train.steps = 100;
  train.budget_tokens = 1;
  const EvalSettings eval{.every = 50};
  EvaluationSchedule schedule(eval, train);
  schedule.stepped(1, 0.7);
  CHECK_FALSE(schedule.ended());
  CHECK_FALSE(schedule.evaluation_due());
  schedule.stepped(2, 1.4);
  CHECK(schedule.ended());
  CHECK(schedule.evaluation_due());
  CHECK(schedule.state().is_null());
}

TEST_CASE("arms whose steps cost different amounts are evaluated as often, at the same shares") {
  for (const double each : {0.004, 0.01, 0.019, 0.033}) {
    const Schedule found = run(10, [&](std::int64_t) { return each; });
    CAPTURE(each);
    REQUIRE(found.by_point.size() == 10);
    for (const auto& [point, evaluation] : found.by_point) {
      CHECK(std::abs(evaluation.used - 0.1 * static_cast<double>(point)) <= each);
      CHECK(evaluation.used <= 1);
    }
    CHECK(found.by_point.at(10).used > 1 - each);
    CHECK(found.evaluations <= 11);
  }
}

TEST_CASE("costs that grow or vary never put a chosen evaluation beyond the budget") {
  const std::pair<const char*, Cost> costs[] = {
      {"growing", [](std::int64_t step) { return 0.002 * std::pow(1.04, step); }},
      {"shrinking", [](std::int64_t step) { return 0.05 * std::pow(0.97, step) + 0.004; }},
      {"varying", [](std::int64_t step) {
         return 0.01 * (1 + Rng(5, {static_cast<std::uint64_t>(step)}).uniform());
       }}};
  for (const auto& [name, cost] : costs) {
    const Schedule found = run(10, cost);
    CAPTURE(name);
    CHECK(found.by_point.size() == 10);
    for (const auto& [point, evaluation] : found.by_point) CHECK(evaluation.used <= 1);
    CHECK(found.by_point.at(10).used > 0.9);
    CHECK(found.evaluations <= 13);
  }
}

TEST_CASE("a step that passes the budget is not evaluated; a run of one step has no more") {
  const Schedule found = run(4, [](std::int64_t step) { return step == 3 ? 0.9 : 0.22; });
  CHECK(steps_of(found) == std::vector<std::int64_t>{1, 2});
  CHECK(found.used > 1);
  CHECK(run(4, [](std::int64_t) { return 1.5; }).by_point.empty());
}

TEST_CASE("steps larger than a share skip it: each evaluation stands for one") {
  const Schedule found = run(20, [](std::int64_t) { return 0.09; });
  CHECK(found.by_point.size() == 11);
  CHECK(found.by_point.rbegin()->first == 20);
}

TEST_CASE("a run that is resumed after any step is evaluated as one that was not") {
  const Cost cost = [](std::int64_t step) {
    return 0.02 * (1 + Rng(6, {static_cast<std::uint64_t>(step)}).uniform());
  };
  const Schedule whole = run(10, cost);
  for (std::int64_t step = 1; step < whole.steps; ++step) {
    const Schedule resumed = run(10, cost, step);
    CHECK(steps_of(resumed) == steps_of(whole));
    CHECK(resumed.evaluations == whole.evaluations);
    CHECK(resumed.steps == whole.steps);
  }
}
