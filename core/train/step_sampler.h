// The episodes of a step: problems drawn, completed and judged, until the algorithm has as many as
// it wants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/learn/packing.h"
#include "core/rollout/engine.h"
#include "core/rollout/episodes.h"
#include "core/rollout/not_finite.h"
#include "core/train/opened_run.h"

namespace tinyzero {

struct SampledStep {
  std::vector<Item> items;                    // of all rounds
  std::vector<Prompt> prompts;                // of the items
  std::vector<ScoredCompletion> completions;  // of all items, in their order
  std::vector<bool> kept;                     // by item: whether it is in the batch
  StepBatch batch;                            // of the kept items, whose groups are numbered from 0
  std::vector<std::size_t> levels;            // of the curriculum's stage; empty without one
  std::int64_t max_tokens = 0;                // that a completion of this step may have
  std::int64_t rounds = 0;
  double rollout_seconds = 0;
  double score_seconds = 0;
  double slot_use = 0;  // mean over rounds, see DecodeStatistics
};

// A function of the weights, the experiment, the stage of its curriculum and the step alone. Throws
// Failure if the task fails to judge more than train.max_failed of the episodes, and Interrupted
// where `stop` asks for it.
SampledStep sample_step(Engine& engine, const OpenedRun& run, const Stage* stage, std::int64_t step,
                        const StopRequest* stop = nullptr);

// Calls sample(), which happens `when` in the run ("step 5"). Logits that are not finite are a
// fault of the start model as long as the policy has not learned: then what sample() throws passes.
// After that the policy has diverged: throws Failure.
template <class Sample>
auto sample_policy(bool has_learned, const std::string& when, const Sample& sample) {
  try {
    return sample();
  } catch (const NotFinite& e) {
    if (!has_learned) throw;
    throw Failure(
        when + ": " + e.what() + ": the policy has diverged",
        "begin a run at an earlier checkpoint with model.path, and a smaller train.learning_rate");
  }
}

// Share of problems whose usable samples have different rewards: the ones that teach.
double mixed_share(const SampledStep& sampled);

// Tokens of all completions, whether the batch has them or not.
std::int64_t sampled_tokens(const SampledStep& sampled);

// Which problems of `sampled` the algorithm and rollout.mixed_rounds keep, at most `most`.
std::vector<bool> kept_of(const Algorithm& algorithm, const RolloutSettings& rollout,
                          const StepBatch& sampled, std::int64_t most);

}  // namespace tinyzero
