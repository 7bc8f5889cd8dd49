// What a step leaves in metrics.jsonl and episodes/. The names are explained in docs/metrics.md.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/eval/evaluate.h"
#include "tinyzero/batch.h"

namespace tinyzero {

// Seconds.
struct StepTimes {
  double rollout = 0, score = 0, update = 0;
};

Json step_record(std::int64_t step, double seconds, const Batch& batch, const std::vector<ScoredCompletion>& completions, const Task& task,
                 const Metrics& update, double learning_rate, const StepTimes& times, const DecodeStatistics& decoding);

Json eval_record(std::int64_t step, double seconds, const EvalReport& report);

// One JSON object a completion, a line each.
std::string episode_lines(std::int64_t step, const std::vector<Item>& items, const std::vector<ScoredCompletion>& completions,
                          const Task& task);

// Throws Failure if the task failed to judge more than `most` of the step's episodes, with its own words for the first.
void check_failures(const Batch& batch, const std::vector<ScoredCompletion>& completions, const Task& task, double most);

}  // namespace tinyzero
