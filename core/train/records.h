// What a step leaves in metrics.jsonl and episodes/. The names are explained in docs/metrics.md.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/eval/evaluate.h"
#include "core/learn/learner.h"
#include "core/train/step_sampler.h"

namespace tinyzero {

// Over all completions of the step, also those that the update does not see.
Json step_record(std::int64_t step, double seconds, const SampledStep& sampled, const Task& task,
                 const LearnReport& learned, double update_seconds);

Json eval_record(std::int64_t step, double seconds, const EvalReport& report);

// A completion with its verdict, as episodes/ holds it.
Json episode_record(std::int64_t step, const SampledStep& sampled, std::size_t index,
                    const Task& task);

// One of them for each completion of the step, a line each.
std::string episode_lines(std::int64_t step, const SampledStep& sampled, const Task& task);

}  // namespace tinyzero
