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
  std::int64_t episodes = 0;       // of the step that its update sees
  std::vector<std::string> begun;  // auxiliary models that the run did not have: copies of the
                                   // policy as it was before the step
  LearnReport learned;
  BatchFile batch;       // as `algorithm explain` reads it, before the update
  at::Tensor advantage;  // (N), of all recorded tokens; 0 for episodes that its update does not see
  at::Tensor change;     // (P) of all weights
  at::Tensor before,
      after;  // (N) log-probs of all recorded tokens, by the trainer, before and after the update
  std::optional<bool> as_saved;  // whether the weights are now those of the checkpoint after the
                                 // step, bit for bit; nothing: there is none
  double right = 0,
         wrong =
             0;  // mean change of the log-prob of a token, over right and over other completions
};

// How two updates of one step differ.
struct ReplayComparison {
  double advantage_correlation = 0;  // over all recorded tokens
  double opposite_signs = 0;         // share of them whose advantages have opposite signs
  double change_cosine = 0;          // of the changes of all weights
  double change_ratio = 0;           // norm of the second change to that of the first
};

class Replay {
 public:
  // Samples the step anew from the checkpoint before it, which gives what was recorded: checked,
  // completion by completion. Throws Error if there is no such checkpoint, or if they differ.
  Replay(OpenedRun& parts, const RunFolder& folder, std::int64_t step);

  // The step's update by an algorithm, from the checkpoint before it.
  ReplayedUpdate update(Algorithm& algorithm, const std::string& name);

  const SampledStep& sampled() const { return sampled_; }

 private:
  Checkpoint read_start(Model& model) const;
  std::optional<bool> weights_as_saved() const;
  void check_episodes(const RunFolder& folder) const;

  OpenedRun& parts_;
  fs::path checkpoint_, after_;  // before and after the step; the second may not exist
  std::int64_t step_;
  SampledStep sampled_;
};

ReplayComparison compare(const ReplayedUpdate& first, const ReplayedUpdate& second);

}  // namespace tinyzero
