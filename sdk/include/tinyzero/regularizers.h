// What holds a policy back, for any algorithm: a penalty for leaving a reference, and a bonus for
// entropy. Each has settings of its own, and acts in prepare() and in loss().
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"

namespace tinyzero {

// KL(policy || reference), estimated on the sampled tokens: subtracted from their rewards, or added
// to their losses; never both. The reference is the policy as it was when RL began, or as it was
// some steps ago.
class ReferencePenalty {
 public:
  explicit ReferencePenalty(std::string where = "loss", std::string estimator = "k3")
      : where_(std::move(where)), estimator_(std::move(estimator)) {}

  void describe(SettingsTable& t) {
    t.add("kl", weight_,
          "weight of the penalty for leaving the reference, the policy RL began with; 0: none, and "
          "no reference in memory")
        .between(0, 100);
    t.add("kl_in", where_,
          "where the penalty acts. loss: added to the loss; reward: subtracted from the tokens' "
          "rewards")
        .one_of({"loss", "reward"})
        .unless("kl", "0");
    t.add("kl_estimator", estimator_, "k1, k2 or k3 of joschu.net/blog/kl-approx.html")
        .one_of({"k1", "k2", "k3"})
        .unless("kl", "0");
    t.add("kl_target", target_,
          "KL in nats per token that the weight of kl in the reward adapts to (arXiv:1909.08593); "
          "0: "
          "it stays as it is")
        .between(0, 100)
        .only_when("kl_in", "reward")
        .unless("kl", "0");
    t.add("kl_horizon", horizon_, "episodes over which the weight adapts")
        .between(1, 1e9)
        .unless("kl_target", "0");
    t.add("reference_every", refresh_,
          "steps after which the reference becomes the policy of that moment; 0: never")
        .between(0, 1e7)
        .unless("kl", "0");
  }

  // Throws std::invalid_argument.
  void check() const {
    if (weight_ > 0 && where_ == "loss" && estimator_ == "k1")
      throw std::invalid_argument(
          "kl_estimator: k1 has no effect in the loss, where its gradient is 0 in the mean; take "
          "k2 or k3");
  }

  std::vector<IdleSetting> idle_settings(const RunPlan& plan) const {
    if (weight_ == 0 || refresh_ == 0 || refresh_ < plan.steps) return {};
    return {
        {"reference_every", "the run ends before; train.steps is " + std::to_string(plan.steps)}};
  }

  std::vector<AuxiliaryModel> auxiliary_models() const {
    if (weight_ == 0) return {};
    AuxiliaryModel reference;
    reference.name = "reference";
    return {reference};
  }
  bool in_loss() const { return weight_ > 0 && where_ == "loss"; }
  bool in_reward() const { return weight_ > 0 && where_ == "reward"; }

  // Fills batch.added["logp_reference"]. Metric kl_weight, if it adapts.
  void prepare(Batch& b, AlgorithmHost& host) {
    if (weight_ == 0) return;
    if (refresh_ > 0 && host.step() > 1 && (host.step() - 1) % refresh_ == 0)
      host.copy_policy("reference");
    b.added["logp_reference"] = host.outputs("reference", b);  // (N)
    if (!in_reward()) return;
    const at::Tensor sampled = terms(b.logp_old, b);  // (N)
    const double kl = masked_mean(sampled, b.mask);
    host.metrics().add("kl_reference", kl, 1);
    penalty_ = weight_ * sampled;
    if (target_ == 0) return;
    double& weight = host.kept("kl_weight", weight_);
    penalty_ = weight * sampled;
    host.metrics().add("kl_weight", weight, 1);
    weight =
        adapted_kl_weight(weight, kl, target_, b.counted().samples, static_cast<double>(horizon_));
  }

  // What to subtract from the tokens' rewards, after prepare(): (N), 0 where the mask is 0.
  at::Tensor of_rewards(const Batch& b) const {
    return in_reward() ? penalty_ * b.mask : at::zeros_like(b.mask);
  }

  // The terms of a loss with the penalty, if it acts there. Metric kl_reference. (N) -> (N).
  at::Tensor added_to(const at::Tensor& loss_terms, const at::Tensor& logp, const Batch& b,
                      Metrics& metrics) const {
    if (!in_loss()) return loss_terms;
    const at::Tensor kl = terms(logp, b);  // (N)
    metrics.add("kl_reference", masked_sum(kl, b.mask), b.mask.sum().item<double>());
    return loss_terms + weight_ * kl;
  }

 private:
  at::Tensor terms(const at::Tensor& logp, const Batch& b) const {
    return kl_terms(logp, b.added.at("logp_reference"), {estimator_, kLogRatioBound});
  }

  double weight_ = 0;
  std::string where_;
  std::string estimator_;
  double target_ = 0;
  std::int64_t horizon_ = 10000;
  std::int64_t refresh_ = 0;
  at::Tensor penalty_;  // (N), of the step
};

// A bonus for the entropy of the next token's distribution, with a weight that is fixed or follows
// a target: it rises by a step while the entropy is below the target and falls while it is above,
// down to 0 (Skywork-OR1, arXiv:2505.22312).
class EntropyBonus {
 public:
  explicit EntropyBonus(double weight = 0) : weight_(weight) {}

  void describe(SettingsTable& t) {
    t.add("entropy", weight_,
          "weight of a bonus for entropy; with entropy_target the one it begins with; 0: none")
        .between(0, 10);
    t.add("entropy_target", target_,
          "entropy in nats per token below which the weight rises, and above which it falls; 0: it "
          "stays as it is")
        .between(0, 100);
    t.add("entropy_step", step_, "how much the weight rises or falls a step")
        .between(0, 1)
        .unless("entropy_target", "0");
  }

  bool is_used() const { return weight_ > 0 || target_ > 0; }

  std::vector<IdleSetting> idle_settings() const {
    if (target_ == 0 || step_ > 0) return {};
    return {{"entropy_target", "entropy_step is 0, so the weight of the bonus stays as it is"}};
  }

  // Measures the entropy of the policy that sampled as the mean of -logp, which is unbiased. Metric
  // entropy_weight, if it adapts.
  void prepare(const Batch& b, AlgorithmHost& host) {
    now_ = weight_;
    if (target_ == 0) return;
    double& weight = host.kept("entropy_weight", weight_);
    weight = std::max(0.0, weight + (-masked_mean(b.logp_old, b.mask) < target_ ? step_ : -step_));
    now_ = weight;
    host.metrics().add("entropy_weight", weight, 1);
  }

  // The terms of a loss with the bonus. (N) -> (N).
  at::Tensor added_to(const at::Tensor& loss_terms, const PolicyOutput& policy) const {
    return now_ > 0 ? loss_terms - now_ * policy.entropy : loss_terms;
  }

 private:
  double weight_;
  double target_ = 0;
  double step_ = 0.001;
  double now_ = 0;  // the weight in this step
};

}  // namespace tinyzero
