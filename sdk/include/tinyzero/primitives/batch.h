// What an algorithm sees of a step: a packed batch of completions.
//
// The tokens of all completions lie one after the other, without padding and without prompts. In
// comments, N = tokens, B = episodes, Q = problems, G = samples of a problem (B = Q · G).
//
// Denominators are global: an update may be divided into micro-batches to save memory, and every
// one carries the counts of the whole update. A loss that divides by them is the same number, and
// has the same gradient, however the update is divided.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <map>
#include <string>

namespace tinyzero {

// What means are divided by.
struct Counts {
  double tokens = 0;    // trained tokens: the sum of the mask
  double episodes = 0;  // episodes with at least one trained token
  double samples = 0;   // all episodes
};

struct Batch {
  // Given by the host.
  // (N) f32: log-probability under the policy before the step: the sampler's, recorded then, or the
  // trainer's with train.importance_cap
  at::Tensor logp_old;
  at::Tensor mask;       // (N) f32: 1 for tokens that are trained on, else 0 (unusable episodes)
  at::Tensor episode;    // (N) int64: which of the B episodes a token belongs to, rising
  at::Tensor reward;     // (B) f64: raw rewards
  at::Tensor usable;     // (B) bool: the task could judge it; else no baseline and no loss uses it
  at::Tensor group;      // (B) int64: which problem an episode answers
  at::Tensor length;     // (B) int64: tokens of an episode
  at::Tensor truncated;  // (B) bool: cut at max_tokens
  at::Tensor right;      // (B) bool: earned the task's full reward

  std::int64_t max_tokens = 0;  // longest completion that a rollout allows

  // Of the whole update, of which this may be a micro-batch; in prepare(), of the step.
  Counts all;

  // Filled by Algorithm::prepare.
  at::Tensor advantage;                     // (N) f32
  std::map<std::string, at::Tensor> added;  // (N) each: what else loss() needs, by name

  std::int64_t tokens() const { return logp_old.size(0); }
  std::int64_t episodes() const { return reward.size(0); }
  std::int64_t groups() const { return episodes() > 0 ? group.max().item<std::int64_t>() + 1 : 0; }
  // Tokens of episodes that are not usable have a mask of 0, and with train.mask_truncated those
  // of cut ones.
  double trained_episodes() const {
    const at::Tensor tokens = at::zeros({episodes()}, mask.options()).index_add(0, episode, mask);
    return static_cast<double>(tokens.gt(0).sum().item<std::int64_t>());
  }
  // The counts of this batch.
  Counts counted() const {
    Counts counts;
    counts.tokens = mask.sum().item<double>();
    counts.episodes = trained_episodes();
    counts.samples = static_cast<double>(episodes());
    return counts;
  }
};

// The policy on a batch, differentiable.
struct PolicyOutput {
  at::Tensor logp;     // (N) log-probability of each token
  at::Tensor entropy;  // (N) of the distribution it was drawn from, in nats
};

// Means, and nothing else: they travel as (sum, count), so that micro-batches, updates and epochs
// add up. A maximum does not; record the share above a bound instead.
class Metrics {
 public:
  void add(const std::string& name, double sum, double count) {
    auto& entry = values_[name];
    entry.sum += sum;
    entry.count += count;
  }
  void add(const Metrics& other) {
    for (const auto& [name, mean] : other.values_) add(name, mean.sum, mean.count);
  }
  struct Mean {
    double sum = 0, count = 0;
    double value() const { return count > 0 ? sum / count : 0.0; }
  };
  const std::map<std::string, Mean>& values() const { return values_; }

 private:
  std::map<std::string, Mean> values_;
};

}  // namespace tinyzero
