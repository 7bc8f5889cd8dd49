// A run from its first step to its last: warm start, RL, evaluation, checkpoints.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/base/background.h"
#include "core/base/clock.h"
#include "core/base/stop.h"
#include "core/learn/learner.h"
#include "core/ranks/traffic.h"
#include "core/rollout/engine.h"
#include "core/run/checkpoint.h"
#include "core/run/run_folder.h"
#include "core/train/alarms.h"
#include "core/train/curriculum.h"
#include "core/train/evaluation_schedule.h"
#include "core/train/observer.h"
#include "core/train/opened_run.h"
#include "core/train/preflight.h"
#include "core/train/step_sampler.h"

namespace tinyzero {

class Ranks;

class Trainer {
 public:
  // `preflight` is what check_start found. All references must outlive the trainer. Every rank of
  // the run has one; only the first writes to the folder, and only its observer should speak.
  Trainer(OpenedRun& run, RunFolder& folder, Observer& observer, const StopRequest& stop,
          PreflightReport preflight);

  // Continues from a checkpoint whose weights run.model already has; an empty one is the beginning.
  void restore(Checkpoint checkpoint);

  // Trains to the last step, or until `stop` asks for the end; returns false in that case. Either
  // way a checkpoint is written, and a run that continues from it repeats one that was never
  // stopped. A stop gives up work that can be done again: sampling, an evaluation, and a step that
  // has not changed a weight yet. A step that has is finished, unless the newest checkpoint is the
  // one right before it. Throws Failure naming the last whole checkpoint if the run folder cannot
  // be written to any more.
  bool run();

 private:
  void preflight();
  void check_start_policy();
  void warm_start();
  void begin_reinforce();
  void reinforce();
  void train_step(std::int64_t step);
  void tell_step(std::int64_t step);
  // The episodes of a step, by the policy as the engine has it.
  SampledStep sample(std::int64_t step, const StopRequest* stop);
  // What the ranks of the run have exchanged since the last call; none: one process.
  std::optional<RankTraffic> traffic();
  void evaluate_step();
  // Calls `work`, and turns what the file system refuses into a Failure that says where the run can
  // continue.
  void write(const std::function<void()>& work);
  // Appends a line to metrics.jsonl.
  void record(const Json& line);
  // Whether the policy is no longer the model that the run began with.
  bool has_learned() const;
  double budget_used() const;
  // Fills state_.first_update once a step has changed the policy.
  void note_first_update();
  // Writes a checkpoint of state_, unless the newest one is of this phase and step.
  void save();
  void handle_fault(std::int64_t step, const LearnReport& learned);
  double seconds() const;  // of the run, all its processes together
  // Throws Interrupted on every rank if a stop was requested on one.
  void stop_if_any_asks();

  OpenedRun& run_;
  RunFolder& folder_;
  Observer& observer_;
  const StopRequest& stop_;
  Ranks& ranks_;
  Ranks& sampling_ranks_;  // with rollout.ahead the same ones, for sampling
  // What ends work early. With many ranks nothing does: they stop together, between steps.
  const StopRequest* early_stop_;
  const Experiment& settings_;
  std::unique_ptr<Engine> engine_;
  Learner learner_;
  EvaluationSchedule schedule_;
  Alarms alarms_;
  bool told_traits_ = false;  // that traits are not counted any more
  Curriculum curriculum_;
  Background<SampledStep> ahead_;       // the step after, with rollout.ahead
  std::optional<SampledStep> sampled_;  // of step state_.step + 1, if it has been
  TrainerState state_;                  // phase and step of it say how far the run is
  double seconds_before_ = 0;           // of earlier processes of this run
  Stopwatch process_;                   // since this trainer was made
  Stopwatch reinforce_;                 // since this process took its first step of RL
  std::int64_t reinforce_first_ = 0;    // steps done when this process began RL
  PreflightReport preflight_;
  std::optional<CheckpointStep> saved_;  // the newest checkpoint
  Json last_step_;                       // its record
  std::vector<double> start_sums_;       // of the policy's weights, before its first update
};

}  // namespace tinyzero
