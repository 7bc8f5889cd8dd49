// Evaluation of a run's policy by the settings of its experiment.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/stop.h"
#include "core/eval/evaluate.h"

namespace tinyzero {

struct OpenedRun;

// How a run evaluates its policy after `step`.
EvalOptions eval_options(const OpenedRun& run, std::int64_t step);

// Evaluates the weights that `engine` works on, on `set`. `completions` receives the sampled ones
// if it is not null. Throws Interrupted where the options' `stop` asks for it.
EvalReport evaluate_run(Engine& engine, const OpenedRun& run, const EvalSet& set,
                        const EvalOptions& options,
                        std::vector<ScoredCompletion>* completions = nullptr);

// Evaluates the weights that `engine` works on, on `set`, as after `step`. `completions` receives
// the sampled ones if it is not null. Throws Interrupted where `stop` asks for it.
EvalReport evaluate_run(Engine& engine, const OpenedRun& run, const EvalSet& set, std::int64_t step,
                        std::vector<ScoredCompletion>* completions = nullptr,
                        const StopRequest* stop = nullptr);

}  // namespace tinyzero
