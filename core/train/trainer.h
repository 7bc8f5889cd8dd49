// A run from its first step to its last: warm start, RL, evaluation, checkpoints.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "core/base/stop.h"
#include "core/learn/learner.h"
#include "core/rollout/engine.h"
#include "core/run/checkpoint.h"
#include "core/run/run_folder.h"
#include "core/train/alarms.h"
#include "core/train/curriculum.h"
#include "core/train/observer.h"
#include "core/train/opened_run.h"

namespace tinyzero {

class Trainer {
 public:
  // `preflight` is what check_start found.
  Trainer(OpenedRun& parts, RunFolder& folder, Observer& observer, const StopWish& stop,
          PreflightReport preflight);

  // Goes on from a checkpoint whose weights are in parts.model already; from an empty one, the
  // beginning.
  void restore(Checkpoint checkpoint);

  // Until the last step, or until `stop` asks for the end. Returns false if stopped. A checkpoint
  // is written in both cases, and a run that goes on from it repeats one that was never stopped.
  // What is under way then is given up and done again later: sampling, evaluation, and a step that
  // has not changed a weight yet. One that has is finished, unless the newest checkpoint is the one
  // right before it. Throws Failure naming the last whole checkpoint if the run folder cannot be
  // written to any more.
  bool run();

 private:
  void preflight();
  void check_start_policy();
  void warm_start();
  void reinforce();
  void train_step(std::int64_t step);
  void evaluate_step(std::int64_t step);
  // Calls `work`, and turns what the file system refuses into a Failure that says where the run can
  // go on.
  void write(const std::function<void()>& work);
  void record(const Json& line);  // of metrics.jsonl
  // Whether the policy is no longer the model that the run began with.
  bool has_learned() const;
  double budget_used() const;
  bool ended() const;  // RL has taken its last step
  void checkpoint(Phase phase, std::int64_t step);
  void handle_fault(std::int64_t step, const LearnReport& learned);
  double seconds() const;

  OpenedRun& parts_;
  RunFolder& folder_;
  Observer& observer_;
  const StopWish& stop_;
  const Experiment& settings_;
  std::unique_ptr<Engine> engine_;
  Learner learner_;
  Alarms alarms_;
  Curriculum curriculum_;
  TrainerState state_;
  double seconds_before_ = 0;  // of earlier processes of this run
  std::chrono::steady_clock::time_point start_, reinforce_start_;
  std::int64_t reinforce_first_ = 0;  // steps done when this process began RL, at reinforce_start_
  PreflightReport preflight_;
  std::optional<std::pair<Phase, std::int64_t>> saved_;  // the newest checkpoint
  Json last_step_;
};

}  // namespace tinyzero
