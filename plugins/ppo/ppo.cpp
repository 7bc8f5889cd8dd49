// PPO (arXiv:1707.06347) with a critic V, as TinyZero ran it.
//   r_t    = reward of the episode at its last token, minus beta kl_t     with kl_in: reward
//   delta  = r_t + gamma V_{t+1} - V_t                                    V = 0 after the end
//   A_t    = delta + gamma lambda A_{t+1}                                 whitened over the step
//   rho    = exp(logp - logp_old)
//   L      = sum_mask max(-rho A, -clip(rho, 1 - lo, 1 + hi) A) / count - entropy H
//   R      = A + V, before whitening
//   L_V    = sum_mask max((V - R)^2, (clip(V, V_old - c, V_old + c) - R)^2) / 2 / tokens
// The critic is a copy of the policy with a value head, with its own optimizer. Left out on
// purpose: weights shared with the policy, and with them a coefficient of the value loss.

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"
#include "tinyzero/regularizers.h"

namespace tinyzero {
namespace {

class Ppo : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    t.add("clip", clip_,
          "how far the ratio may leave 1 before its gradient stops: one number, or [below, above]")
        .up_to(2)
        .between(0, 100);
    t.add("dual_clip", dual_clip_,
          "most that a token of negative advantage costs, in advantages, above 1; 0: no bound")
        .between(0, 100);
    t.add("gamma", gamma_, "discount of a token later").between(0, 1);
    t.add(
         "lambda", lambda_,
         "1: advantages are returns minus values, unbiased; smaller: they rely on the critic, with "
         "less variance")
        .between(0, 1);
    t.add("whiten", whiten_, "advantages get mean 0 and variance 1 over the step's tokens");
    t.add("value_clip", value_clip_,
          "how far a value may leave the old one before its gradient stops; 0: no bound")
        .between(0, 1e6);
    t.add("critic_learning_rate", critic_learning_rate_, "of the critic, constant").between(0, 1);
    t.add("critic_clip_norm", critic_clip_norm_,
          "largest norm of the critic's gradient; 0: not clipped")
        .between(0, 1e6);
    t.add("critic_warmup", critic_warmup_, "steps at the start that train the critic alone")
        .between(0, 1e6);
    t.add("aggregation", aggregation_,
          "token: mean over all tokens of the update; sequence: mean over episodes of their token "
          "means; sequence_sum: of their token sums")
        .one_of({"token", "sequence", "sequence_sum"});
    kl_.describe(t);
    entropy_.describe(t);
  }

  void check() const override {
    if (dual_clip_ > 0 && dual_clip_ <= 1)
      throw std::invalid_argument("dual_clip is " + real_text(dual_clip_) +
                                  "; it must be above 1, or 0 for none");
    if (critic_learning_rate_ == 0)
      throw std::invalid_argument("critic_learning_rate is 0: the critic would never learn");
    kl_.check();
  }

  std::vector<IdleSetting> idle_settings(const RunPlan& plan) const override {
    std::vector<IdleSetting> idle = kl_.idle_settings(plan);
    for (IdleSetting& setting : entropy_.idle_settings()) idle.push_back(std::move(setting));
    if (critic_warmup_ >= plan.steps)
      idle.push_back(
          {"critic_warmup", "it takes the whole run, so the policy never learns; train.steps is " +
                                std::to_string(plan.steps)});
    if (plan.updates > 1) return idle;
    idle.push_back({"clip", kOneUpdate});
    if (dual_clip_ > 0) idle.push_back({"dual_clip", kOneUpdate});
    if (value_clip_ > 0) idle.push_back({"value_clip", kOneUpdate});
    return idle;
  }

  std::vector<AuxiliaryModel> auxiliary_models() const override {
    std::vector<AuxiliaryModel> models = kl_.auxiliary_models();
    models.push_back({.name = "critic",
                      .value_head = true,
                      .learning_rate = critic_learning_rate_,
                      .clip_norm = critic_clip_norm_});
    return models;
  }
  bool zero_advantage_is_no_gradient() const override {
    return warming_ || (!kl_.in_loss() && !entropy_.is_used());
  }

  void prepare(Batch& b, AlgorithmHost& host) override {
    kl_.prepare(b, host);
    entropy_.prepare(b, host);
    const at::Tensor value = host.outputs("critic", b);  // (N)
    const at::Tensor reward =
        on_last_token(b.reward, b.mask, b.episode) - kl_.of_rewards(b);  // (N)
    const Gae gae =
        generalized_advantage(reward, value, b.mask, b.episode, gamma_, lambda_);  // (N)
    b.added["value_old"] = value;
    b.added["returns"] = gae.returns.to(at::kFloat);
    host.train("critic", b, [this](const Batch& micro, const at::Tensor& v, Metrics& metrics) {
      return value_loss(micro, v, metrics);
    });

    warming_ = host.step() <= critic_warmup_;
    const at::Tensor advantage = whiten_ ? whiten(gae.advantage, b.mask) : gae.advantage;  // (N)
    b.advantage = warming_ ? at::zeros_like(value) : advantage.to(at::kFloat);
    const double error = masked_mean((gae.returns - value).square(), b.mask);
    const double mean = masked_mean(gae.returns, b.mask);
    const double variance = masked_mean((gae.returns - mean).square(), b.mask);
    if (variance > 0) host.metrics().add("value_explained", 1.0 - error / variance, 1);
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    const double low = clip_.front(), high = clip_.back();
    const at::Tensor rho = ratio(policy.logp, b.logp_old);                     // (N)
    at::Tensor terms = clipped_surrogate(rho, b.advantage, low, high);         // (N)
    if (dual_clip_ > 0) terms = dual_clipped(terms, b.advantage, dual_clip_);  // (N)
    metrics.add("clipped", masked_sum(is_clipped(rho, b.advantage, low, high), b.mask),
                b.mask.sum().item<double>());
    // While the critic warms up, advantages are 0, and nothing else may move the policy.
    if (warming_) return aggregate(terms, b, aggregation_);
    terms = kl_.added_to(terms, policy.logp, b, metrics);
    terms = entropy_.added_to(terms, policy);
    return aggregate(terms, b, aggregation_);
  }

 private:
  at::Tensor value_loss(const Batch& b, const at::Tensor& value, Metrics& metrics) const {
    const at::Tensor& old = b.added.at("value_old");    // (N)
    const at::Tensor& returns = b.added.at("returns");  // (N)
    const auto clip = value_clip_ > 0 ? std::optional(value_clip_) : std::nullopt;
    const at::Tensor terms = value_terms(value, old, returns, clip);  // (N)
    const double tokens = b.mask.sum().item<double>();
    metrics.add("value", masked_sum(value, b.mask), tokens);
    metrics.add("value_clipped", masked_sum(terms.gt(value_terms(value, old, returns, {})), b.mask),
                tokens);
    return aggregate(terms, b, "token");
  }

  std::vector<double> clip_ = {0.2};
  double dual_clip_ = 0;
  double gamma_ = 1;
  double lambda_ = 1;
  bool whiten_ = true;
  double value_clip_ = 0.5;
  double critic_learning_rate_ = 1e-3;
  double critic_clip_norm_ = 1;
  std::int64_t critic_warmup_ = 0;
  std::string aggregation_ = "token";
  ReferencePenalty kl_{"reward", "k1"};
  EntropyBonus entropy_;
  bool warming_ = false;  // this step trains the critic alone
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(
    tinyzero::Ppo, "ppo", "proximal policy optimization",
    "A critic, a model of its own, learns what a state is worth; tokens are judged by whether they "
    "made it better. Generalized advantages, clipped values, KL in the reward or in the loss.")
