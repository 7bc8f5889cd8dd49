// What a run will need: the arithmetic of its settings and, measured in a few seconds, its time and
// memory.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tinyzero {

class ModelWorkers;
struct Experiment;
struct OpenedRun;
struct RunShape;
struct StepBatch;
struct TrainSettings;

// How often a run does what. "Most" is reached if no completion ends before rollout.max_tokens and,
// where the algorithm asks for other problems, every round of sampling is used.
struct RunArithmetic {
  std::int64_t demonstrations = 0;      // of the warm start
  std::int64_t completions = 0;         // of one round of sampling
  std::int64_t rounds = 1;              // of sampling in a step, most
  std::int64_t updates = 0;             // gradient updates of a step
  std::int64_t update_completions = 0;  // completions of one update
  std::int64_t step_tokens = 0;         // sampled in a step, most
  std::int64_t run_tokens = 0;          // sampled by RL, most
  std::int64_t evaluations = 0;
  std::int64_t evaluation_completions = 0;  // of one evaluation, greedy ones included
};

// For a run of `steps` steps of RL. With a budget of tokens or seconds nobody knows their number
// before, and train.steps is only a bound.
RunArithmetic arithmetic_of(const RunShape& run, std::int64_t steps);

// Measured seconds of each part of a run, and the largest memory of this process: one step of each
// on the model as it is, and an evaluation of a few problems. Every problem of the step counts as
// one that teaches. A model that has not learned to end its answers writes to the limit: then
// rollout and evaluation are upper bounds.
struct RunProbe {
  double warm_start = 0;        // a step
  double rollout = 0;           // a step, with one round of sampling
  double update = 0;            // a step
  double sampled = 0;           // tokens of a step's completions
  double tokens = 0;            // that a step charges to a budget of tokens
  double evaluation = 0;        // one, of all its problems
  std::int64_t peak_bytes = 0;  // of memory
  // Whether one device samples the next step while another one learns (rollout.ahead).
  bool overlaps = false;

  // Seconds of a step of RL, with one round of sampling.
  double step() const { return overlaps ? std::max(rollout, update) : rollout + update; }
  // Steps of RL until the last one or the end of the budget, if all are like the measured one.
  std::int64_t steps(const TrainSettings& settings) const;
  // Seconds of RL with its evaluations, and of the whole run, with one round of sampling a step.
  double rl_seconds(const Experiment& experiment, const RunArithmetic& arithmetic) const;
  double seconds(const Experiment& experiment, const RunArithmetic& arithmetic) const;
};

// Measures, and changes the model.
RunProbe probe_run(OpenedRun& run);

// The same for RL and evaluation, without a change of the model, from completions that the policy
// sampled in `seconds`. A pass that reads is measured; one that learns is taken to cost three times
// as much.
RunProbe probe_sample(ModelWorkers& workers, const OpenedRun& run, const StepBatch& sampled,
                      double seconds);

}  // namespace tinyzero
