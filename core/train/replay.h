// Another algorithm's update on the episodes of a step that was trained already.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/learn/learner.h"
#include "core/run/run_folder.h"
#include "core/train/opened_run.h"
#include "core/train/step_sampler.h"

namespace tinyzero {

struct ReplayedUpdate {
  std::string algorithm;
  std::int64_t episodes = 0;  // of the step that the update sees
  // Auxiliary models that the run did not have: copies of the policy before the step.
  std::vector<std::string> begun;
  LearnReport learned;
  BatchFile batch;       // before the update, as `algorithm explain` reads it
  at::Tensor advantage;  // (N) of all recorded tokens; 0 where the update does not see the episode
  at::Tensor change;     // (P) of all weights
  // The trainer's log-probs of all recorded tokens before and after the update.
  at::Tensor before;  // (N)
  at::Tensor after;   // (N)
  // Whether the weights are now, bit for bit, those of the checkpoint after the step; none: there
  // is no such checkpoint.
  std::optional<bool> as_saved;
  // Mean change of the log-prob of a token, over right completions and over the others.
  double right = 0;
  double wrong = 0;
};

// How two updates of one step differ.
struct ReplayComparison {
  double advantage_correlation = 0;  // over all recorded tokens
  double opposite_signs = 0;         // share of these tokens whose advantages differ in sign
  double change_cosine = 0;          // between the changes of all weights
  double change_ratio = 0;           // norm of the second change, divided by that of the first
};

// A step of an earlier run, repeated.
class Replay {
 public:
  // Samples the step again from the checkpoint before it, and checks each completion against what
  // the run recorded. Throws Error if there is no such checkpoint, or if a completion differs.
  Replay(OpenedRun& run, const RunFolder& folder, std::int64_t step);

  // The step's update by an algorithm, from the checkpoint before it.
  ReplayedUpdate update(Algorithm& algorithm, const std::string& name);

  const SampledStep& sampled() const { return sampled_; }

 private:
  Checkpoint read_start(Model& model) const;
  SampledStep sample(const Checkpoint& start) const;
  std::optional<bool> weights_as_saved() const;
  at::Tensor recorded_advantage(const Batch& all, const Batch& step,
                                const std::vector<bool>& kept) const;
  void check_episodes(const RunFolder& folder) const;

  OpenedRun& run_;
  fs::path checkpoint_;  // before the step
  fs::path after_;       // after the step; may not exist
  std::int64_t step_;
  SampledStep sampled_;
};

ReplayComparison compare(const ReplayedUpdate& first, const ReplayedUpdate& second);

}  // namespace tinyzero
