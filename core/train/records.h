// What a step leaves in metrics.jsonl and episodes/. core/run/metrics.h explains the names.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/ranks/traffic.h"
#include "core/run/spent.h"

namespace tinyzero {

class Task;
struct EvalReport;
struct LearnReport;
struct SampledStep;

// A step of RL that has been taken.
struct StepFacts {
  std::int64_t step = 0;
  double seconds = 0;  // of the run so far
  const SampledStep& sampled;
  const Task& task;
  const LearnReport& learned;
  double update_seconds = 0;
  Spent spent;                              // by RL, this step included
  std::optional<RankTraffic> traffic = {};  // none: one process
  // Seconds after the update until the next step was sampled; none: it is not sampled ahead.
  std::optional<double> await_seconds = {};
};

// Over all completions of the step, also those that the update does not see.
Json step_record(const StepFacts& facts);

Json eval_record(std::int64_t step, double seconds, const EvalReport& report);

// A completion with its verdict, as episodes/ holds it.
Json episode_record(std::int64_t step, const SampledStep& sampled, std::size_t index,
                    const Task& task);

// The records of all completions of the step, a line each.
std::string episode_lines(std::int64_t step, const SampledStep& sampled, const Task& task);

}  // namespace tinyzero
