// What a run will need: the arithmetic of its settings and, measured in a few seconds, its time and
// memory.
#pragma once

#include <cstdint>

#include "core/forecast/memory.h"
#include "core/learn/model_workers.h"
#include "core/learn/packing.h"
#include "core/train/opened_run.h"

namespace tinyzero {

// How often a run does what. "Most" is reached if no completion ends before rollout.max_tokens and,
// where the algorithm asks for other problems, every round of sampling is used.
struct RunArithmetic {
  std::int64_t demonstrations = 0;  // of the warm start
  std::int64_t completions = 0,
               rounds = 1;  // of a step: of one round of sampling, and the most rounds
  std::int64_t updates = 0,
               update_completions = 0;  // gradient updates of a step, and the completions of one
  std::int64_t step_tokens = 0, run_tokens = 0;  // sampled by RL, most: in a step, and in the run
  std::int64_t evaluations = 0,
               evaluation_completions = 0;  // greedy ones included, of one evaluation
};

// Of a run of `steps` steps of RL; with a budget of tokens or seconds nobody knows their number
// before, and train.steps is only a bound.
RunArithmetic arithmetic_of(const RunShape& run, std::int64_t steps);

// Seconds of each part of a run, and the largest memory of this process, measured: one step of each
// on the model as it is, and an evaluation of a few problems. Every problem of the step counts as
// one that teaches. A model that has not learned to end its answers writes to the limit: then
// rollout and evaluation are upper bounds. Changes the model.
struct RunProbe {
  double warm_start = 0;           // a step
  double rollout = 0, update = 0;  // a step with one round of sampling
  double tokens = 0;               // that the step charges to a budget of tokens
  double evaluation = 0;           // one, of all its problems
  std::int64_t peak_bytes = 0;

  // Of RL until the last one or the end of the budget, if all are like the one that was measured.
  std::int64_t steps(const TrainSettings& settings) const;
  // Of RL with its evaluations, and of the whole run, with one round of sampling a step.
  double rl_seconds(const Experiment& experiment, const RunArithmetic& arithmetic) const;
  double seconds(const Experiment& experiment, const RunArithmetic& arithmetic) const;
};

RunProbe probe_run(OpenedRun& parts);

// The same of RL and evaluation from completions that the policy gave in `seconds`, without a
// change of the model: a pass that learns is taken to cost three times one that reads, which is
// measured.
RunProbe probe_sample(ModelWorkers& workers, const OpenedRun& parts, const StepBatch& sampled,
                      double seconds);

}  // namespace tinyzero
