// PRIME (arXiv:2502.01456): a reward model phi, a copy of the policy trained online to tell right
// answers from wrong ones, whose log-probs are rewards of single tokens.
//   q_t  = beta (logp_phi - logp_ref)
//   L_phi= mean over episodes of BCE(sum_t q_t, right)
//   process_t = c_p (q_t minus the mean over the group's other members)
//   outcome   = c_o (right minus the mean over the group's other members), at the last token
//   A_t  = whitened sum over t' >= t of process + outcome
//   L    = sum_mask max(-rho A, -clip(rho, 1 - lo, 1 + hi) A) / count,   rho = exp(logp - logp_old)
// Where the published code departs from the paper the setting says so: docs in prime.md. Left out
// on purpose: a critic, weighted losses of the reward model (DPO, best of n).

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"
#include "tinyzero/regularizers.h"

namespace tinyzero {
namespace {

class Prime : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    t.add("clip", clip_,
          "how far the ratio may leave 1 before its gradient stops: one number, or [below, above]")
        .up_to(2)
        .between(0, 100);
    t.add("beta", beta_,
          "scale of a token's reward: beta (logp of the reward model - logp of its reference)")
        .between(1e-6, 100);
    t.add("reward_learning_rate", reward_learning_rate_, "of the reward model, constant")
        .between(0, 1);
    t.add("reward_clip_norm", reward_clip_norm_,
          "largest norm of the reward model's gradient; 0: not clipped")
        .between(0, 1e6);
    t.add("reference", reference_,
          "what the reward model is compared with. frozen: the policy RL began with; policy: the "
          "one that sampled")
        .one_of({"frozen", "policy"});
    t.add("update", update_,
          "the reward model learns from a step's episodes before or after it rewards them")
        .one_of({"before", "after"});
    t.add("granularity", granularity_,
          "token: a reward for each token but the last; whole: their sum, at the last token")
        .one_of({"token", "whole"})
        .unless("process", "0");
    t.add("normalize", normalize_,
          "process rewards are divided by the largest sum that a completion's come to from any "
          "token on")
        .unless("process", "0");
    t.add("baseline", baseline_,
          "leave_one_out: the others' token mean; published: what PRIME's code computes, which is "
          "not quite that")
        .one_of({"leave_one_out", "published"})
        .unless("process", "0");
    t.add("process", process_, "weight of the process rewards").between(0, 1000);
    t.add("outcome", outcome_, "weight of the right answer").between(0, 1000);
    t.add("accuracy", accuracy_,
          "a problem is kept if the share of right samples is within [low, high]; [0, 1]: all")
        .up_to(2)
        .between(0, 1);
    t.add("drop_truncated", drop_truncated_, "problems with a truncated sample are dropped, too");
    t.add("sampling_rounds", rounds_, "times that a step samples, at most, to find enough problems")
        .between(1, 16);
    t.add("aggregation", aggregation_,
          "token: mean over all tokens of the update; sequence: mean over episodes of their token "
          "means")
        .one_of({"token", "sequence"});
    kl_.describe(t);
    entropy_.describe(t);
  }

  void check() const override {
    if (accuracy_.size() != 2 || accuracy_[0] > accuracy_[1])
      throw std::invalid_argument("accuracy wants [low, high], for example [0.2, 0.8]");
    if (process_ == 0 && outcome_ == 0)
      throw std::invalid_argument("process and outcome are both 0: nothing would be learned");
    if (reward_learning_rate_ == 0)
      throw std::invalid_argument("reward_learning_rate is 0: the reward model would never learn");
    kl_.check();
  }

  void check_plan(const RunPlan& plan) const override {
    if (plan.samples == 1)
      throw std::invalid_argument(
          "rollout.samples is 1, and rewards are compared with those of other samples of the "
          "problem; take 2 or more");
    for (std::int64_t right = 0; right <= plan.samples; ++right) {
      const double share = static_cast<double>(right) / static_cast<double>(plan.samples);
      if (share >= accuracy_[0] && share <= accuracy_[1]) return;
    }
    throw std::invalid_argument("accuracy is [" + real_text(accuracy_[0]) + ", " +
                                real_text(accuracy_[1]) + "], and no share of " +
                                std::to_string(plan.samples) + " samples lies in it");
  }

  std::vector<IdleSetting> idle_settings(const RunPlan& plan) const override {
    std::vector<IdleSetting> idle = kl_.idle_settings(plan);
    for (IdleSetting& setting : entropy_.idle_settings()) idle.push_back(std::move(setting));
    if (plan.updates == 1) idle.push_back({"clip", kOneUpdate});
    if (rounds_ > 1 && accuracy_[0] == 0 && accuracy_[1] == 1 && !drop_truncated_)
      idle.push_back(
          {"sampling_rounds", "accuracy [0, 1] keeps every problem, so the first round is enough"});
    return idle;
  }

  std::vector<AuxiliaryModel> auxiliary_models() const override {
    const bool frozen = reference_ == "frozen";
    std::vector<AuxiliaryModel> models = kl_.auxiliary_models();
    models.push_back({.name = "reward_model",
                      .at_temperature_1 = frozen,
                      .learning_rate = reward_learning_rate_,
                      .clip_norm = reward_clip_norm_,
                      .epochs = 1});
    if (frozen) models.push_back({.name = "reward_reference", .at_temperature_1 = true});
    return models;
  }
  bool zero_advantage_is_no_gradient() const override {
    return !kl_.in_loss() && !entropy_.is_used();
  }
  std::int64_t sampling_rounds() const override { return rounds_; }
  at::Tensor kept_groups(const Batch& b) const override {
    return group_is_kept(b.right.to(at::kDouble), b.group, b.usable, b.truncated, accuracy_[0],
                         accuracy_[1], drop_truncated_);
  }

  void prepare(Batch& b, AlgorithmHost& host) override {
    kl_.prepare(b, host);
    entropy_.prepare(b, host);
    b.added["logp_reward_reference"] =
        reference_ == "frozen" ? host.outputs("reward_reference", b) : b.logp_old;  // (N)
    const auto learn = [&] {
      host.train("reward_model", b, [this](const Batch& micro, const at::Tensor& logp, Metrics& m) {
        return reward_loss(micro, logp, m);
      });
    };
    if (update_ == "before") learn();
    at::Tensor q = implicit_reward(host.outputs("reward_model", b),
                                   b.added["logp_reward_reference"], b.mask, beta_);  // (N)
    if (update_ == "after") learn();

    const at::Tensor last = on_last_token(at::ones({b.episodes()}), b.mask, b.episode);  // (N)
    q = granularity_ == "token"
            ? q * (1 - last)
            : on_last_token(episode_sums(q, b.episode, b.episodes()), b.mask, b.episode);
    if (normalize_) q = q / (process_reward_scale(q, b.mask, b.episode) + kEps);
    const at::Tensor process = process_advantage(q, b.mask, b.episode, b.group, b.usable,
                                                 baseline_ == "leave_one_out");            // (N)
    const at::Tensor outcome = leave_one_out(b.right.to(at::kDouble), b.group, b.usable);  // (B)
    const at::Tensor reward = process_ * process +
                              outcome_ * on_last_token(outcome, b.mask, b.episode) -
                              kl_.of_rewards(b);  // (N)
    b.advantage =
        whiten(return_to_go(reward, b.mask, b.episode, 1.0), b.mask).to(at::kFloat);  // (N)
    host.metrics().add("process_reward", masked_sum(q, b.mask), b.mask.sum().item<double>());
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    const double low = clip_.front(), high = clip_.back();
    const at::Tensor rho = ratio(policy.logp, b.logp_old);              // (N)
    at::Tensor terms = clipped_surrogate(rho, b.advantage, low, high);  // (N)
    metrics.add("clipped", masked_sum(is_clipped(rho, b.advantage, low, high), b.mask),
                b.mask.sum().item<double>());
    terms = kl_.added_to(terms, policy.logp, b, metrics);
    terms = entropy_.added_to(terms, policy);
    return aggregate(terms, b, aggregation_);
  }

 private:
  at::Tensor reward_loss(const Batch& b, const at::Tensor& logp, Metrics& metrics) const {
    const at::Tensor q =
        implicit_reward(logp, b.added.at("logp_reward_reference"), b.mask, beta_);  // (N)
    const at::Tensor logits = episode_sums(q, b.episode, b.episodes());             // (B)
    const at::Tensor counts = b.usable.to(logits.scalar_type());                    // (B)
    const at::Tensor right = b.right.to(logits.scalar_type());                      // (B)
    metrics.add("reward_accuracy", masked_sum(logits.gt(0).eq(b.right), counts),
                counts.sum().item<double>());
    return (classification_terms(logits, right) * counts).sum() / std::max(b.all.episodes, 1.0);
  }

  static constexpr double kEps = 1e-6;
  std::vector<double> clip_ = {0.2};
  double beta_ = 0.05;
  double reward_learning_rate_ = 3e-4;
  double reward_clip_norm_ = 10;
  std::string reference_ = "frozen";
  std::string update_ = "before";
  std::string granularity_ = "token";
  bool normalize_ = true;
  std::string baseline_ = "leave_one_out";
  double process_ = 1;
  double outcome_ = 1;
  std::vector<double> accuracy_ = {0.2, 0.8};
  bool drop_truncated_ = false;
  std::int64_t rounds_ = 1;
  std::string aggregation_ = "token";
  ReferencePenalty kl_;
  EntropyBonus entropy_;
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(tinyzero::Prime, "prime", "process reinforcement through implicit rewards",
                   "A reward model learns online, from right and wrong answers alone, what each "
                   "token is worth; no critic, no labels of steps.")
