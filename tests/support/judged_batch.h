// A small batch of judged episodes, and a host that records what an algorithm trains.
#pragma once

#include <map>
#include <string>

#include "support/numbers.h"
#include "support/small_step.h"

namespace tinyzero {

// Two problems of two episodes each, of two tokens: the first has a right answer and a wrong one,
// the second two wrong ones.
inline Batch judged_batch() {
  Batch b;
  b.episode = longs({0, 0, 1, 1, 2, 2, 3, 3});
  b.mask = at::ones({8});
  b.logp_old = floats({-1, -2, -1, -2, -1, -2, -1, -2});
  b.reward = doubles({1, 0, 0, 0});
  b.usable = all_usable(4);
  b.group = longs({0, 0, 1, 1});
  b.length = longs({2, 2, 2, 2});
  b.truncated = bools({0, 0, 0, 0});
  b.right = bools({1, 0, 0, 0});
  b.max_tokens = 4;
  b.all = b.counted();
  return b;
}

// Models say what they are told to, or the sampler's log-probs.
class RecordingHost : public PlainHost {
 public:
  at::Tensor outputs(const std::string& model, const Batch& batch) override {
    asked.push_back(model);
    const auto found = says.find(model);
    return found == says.end() ? batch.logp_old : found->second;
  }
  void train(const std::string& model, const Batch& batch, const AuxiliaryLoss& loss) override {
    at::Tensor output = outputs(model, batch).clone().set_requires_grad(true);
    const at::Tensor value = loss(batch, output, metrics());
    losses[model] = value.item<double>();
    value.backward();
    gradients[model] = output.grad();
  }

  std::map<std::string, at::Tensor> says;  // (N), by model
  std::vector<std::string> asked;
  std::map<std::string, double> losses;
  std::map<std::string, at::Tensor> gradients;  // (N)
};

// The loss at the policy that sampled, with its gradient by log-prob.
struct PolicyLoss {
  double loss = 0;
  at::Tensor gradient;  // (N)
  Metrics metrics;
};

inline PolicyLoss policy_loss(const Algorithm& algorithm, const Batch& b, const at::Tensor& logp) {
  PolicyLoss out;
  const at::Tensor leaf = logp.clone().set_requires_grad(true);
  const at::Tensor loss = algorithm.loss(b, {leaf, at::ones_like(leaf)}, out.metrics);
  out.loss = loss.item<double>();
  loss.backward();
  out.gradient = leaf.grad();
  return out;
}

}  // namespace tinyzero
