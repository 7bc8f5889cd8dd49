// Checkpoints of a small model with a critic and a reference, written without a run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/run/checkpoint.h"
#include "support/small_model.h"

namespace tinyzero {

inline Model small_model(std::uint64_t seed) {
  return random_model({.layers = 1,
                       .heads = 2,
                       .head_dim = 8,
                       .mlp = 16,
                       .vocab = 352,
                       .eos = {346},
                       .seed = seed});
}

// The same numbers as both moments.
inline std::map<std::string, TensorInfo> moments_of(const std::vector<float>& numbers) {
  const TensorInfo info{"F32",
                        {static_cast<std::int64_t>(numbers.size())},
                        reinterpret_cast<const char*>(numbers.data()),
                        numbers.size() * 4};
  return {{"first_moment", info}, {"second_moment", info}};
}

struct SavedAs {
  Phase phase = Phase::reinforce;
  std::int64_t step = 0, keep = 10, best = -1;
};

// The weights are those of `seed`, the moments `step`.
inline void save(const fs::path& folder, std::uint64_t seed, const SavedAs& as) {
  const Model model = small_model(seed);
  const std::vector<float> moments(static_cast<std::size_t>(model.layout.size()),
                                   static_cast<float>(as.step));
  Model critic = auxiliary_model_of(model, /*value_head=*/true);
  TrainerState state;
  state.phase = as.phase;
  state.step = as.step;
  state.best_step = as.best;
  state.seconds = 1.5;
  state.metrics_bytes = 77;
  state.skipped = 2;
  state.kept["kl_weight"] = 0.25;
  const std::vector<float> critic_moments(static_cast<std::size_t>(critic.layout.size()), 3.0f);
  const Tokenizer tokenizer = Tokenizer::make(true);
  const ModelView policy = {.model = &model, .steps = as.step + 1, .moments = moments_of(moments)};
  save_checkpoint(
      folder,
      {.policy = policy,
       .auxiliary_models = {{"critic",
                             {.model = &critic, .steps = 7, .moments = moments_of(critic_moments)}},
                            {"reference", {.model = &model}}},
       .tokenizer = tokenizer,
       .state = state},
      as.keep);
}

inline bool equal(const Model& a, const Model& b) { return same_weights(a, b); }

}  // namespace tinyzero
