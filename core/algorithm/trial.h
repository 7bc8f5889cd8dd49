// What the checks of an algorithm work on: small random steps, a host whose models are made of
// random numbers, and the losses that the algorithm gives to both.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/algorithm/check.h"
#include "core/algorithm/plugin.h"

namespace tinyzero {

// ---- steps ----

struct StepShape {
  std::int64_t problems = 6, samples = 4;
  std::int64_t longest = 9, max_tokens = 12;  // tokens of a completion
  double unusable = 0.15;                     // share of the episodes
  double masked = 0;   // share of the usable episodes' tokens that are not trained on
  double drift = 0.2;  // of the policy from the one that sampled, in nats a token; 0: ratios are 1
};

struct TrialStep {
  Batch batch;               // not prepared
  at::Tensor logp, entropy;  // (N) of the policy in training
  std::string name;          // in reports: "case 3 (6 problems x 4 samples, 101 tokens)"
};

// Step `index` of a seed, with right and wrong answers in most groups, and a group whose rewards
// are all equal.
TrialStep random_step(std::uint64_t seed, std::uint64_t index, const StepShape& shape = {});

// Sets the masks and counts of a step by its `usable`, after a change to that.
void count_usable(TrialStep& step);

// The episodes of a step in another order, or some of them; counts stay. `order` (b) holds numbers
// of episodes.
TrialStep reordered(const TrialStep& step, const std::vector<std::int64_t>& order);

// The tokens (n) of these episodes, one episode after the other.
at::Tensor tokens_of(const Batch& batch, const std::vector<std::int64_t>& episodes);

// The problems of a step that the algorithm would see, after its kept_groups(); possibly none.
TrialStep kept_part(const AlgorithmCheckOptions& options, const TrialStep& step);

// "token 3 of episode 7": where token `t` of a batch stands.
std::string place_of(const Batch& batch, std::int64_t t);

// ---- losses ----

// A loss that the algorithm gave: the policy's, or that of an auxiliary model.
struct Objective {
  std::string name;  // "the loss", "the loss of its model \"critic\""
  Batch batch;       // prepared, as far as the algorithm had come
  std::vector<at::Tensor>
      inputs;  // (N) each, f32: log-probs and entropies, or what an auxiliary model says
  std::function<at::Tensor(const Batch&, const std::vector<at::Tensor>&, Metrics&)> loss;
  bool is_policy = true;
  bool zero_advantage_is_no_gradient = false;  // of the policy's
};

struct Measured {
  std::string name;
  double loss = 0;
  std::vector<at::Tensor> gradients;  // (N) f64 by each input
  Metrics metrics;
};

// The loss with its gradients; throws CheckFailed unless it is one number.
Measured measure(const Objective& objective);
Objective part_of(const Objective& whole, const std::vector<std::int64_t>& episodes);

// ---- running the algorithm ----

// What a trial's models say. A number depends on the model's name, its past training and the
// episode's own tokens that count, never on the episode's place: else the order of a batch would
// matter.
enum class ModelNumbers {
  random,   // log-probs a little off the sampler's, values of -1 to 1
  initial,  // as when RL begins: the sampler's log-probs, values of 0
  wild,     // log-probs 10000 nats off, values of a million
};

struct TrialReport {
  std::vector<std::string>
      asked;        // names of the models whose numbers were used or that were trained
  Metrics metrics;  // the host's
};

// Opens the algorithm anew and takes it through these steps, numbered from `first`; `visit` gets
// every loss as it is given, in order, with the place of its step. Throws CheckFailed if the
// algorithm asks for what its models() does not name.
TrialReport run_trial(const AlgorithmCheckOptions& options, const std::vector<TrialStep>& steps,
                      const std::function<void(std::size_t, const Objective&)>& visit,
                      std::int64_t first = 1, ModelNumbers numbers = ModelNumbers::random);

// The losses of one step, measured.
std::vector<Measured> measure_step(const AlgorithmCheckOptions& options, const TrialStep& step);

// The algorithm with its settings, or with others.
ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options, const Node& settings);
ConfiguredAlgorithm open_for_check(const AlgorithmCheckOptions& options);

}  // namespace tinyzero
