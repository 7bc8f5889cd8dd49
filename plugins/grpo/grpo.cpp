// GRPO (arXiv:2402.03300) and its family. A group is the G completions of one problem.
//   A_i  = (r_i - mean_g r) / (std_g r + eps)         0 for a group whose rewards are all equal
//   rho  = exp(logp - logp_old)
//   L    = sum_mask[ max(-rho A, -clip(rho, 1 - lo, 1 + hi) A) + beta kl(policy, reference) ]
//          / count
// Settings exchange the baseline, the ratio, the clip and the count for those of other papers,
// whose names are variants: docs in grpo.md. Left out on purpose: a value model.

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"
#include "tinyzero/regularizers.h"

namespace tinyzero {
namespace {

class Grpo : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    describe_advantages(t);
    describe_objective(t);
    describe_sampling(t);
    kl_.describe(t);
    entropy_.describe(t);
  }

  std::vector<Variant> variants() const override {
    return {
        {"grpo",
         "as published: sequence means and a penalty for KL (arXiv:2402.03300)",
         {{"aggregation", "sequence"}, {"kl", "0.04"}}},
        {"dr_grpo",
         "no division by std or length (arXiv:2503.20783)",
         {{"scale", "none"}, {"aggregation", "constant"}}},
        {"rloo",
         "leave-one-out REINFORCE (arXiv:2402.14740)",
         {{"baseline", "others"}, {"scale", "none"}, {"aggregation", "sequence_sum"}}},
        {"reinforce_pp",
         "whitened returns, no baseline (arXiv:2501.03262)",
         {{"baseline", "none"}, {"scale", "batch"}}},
        {"reinforce_pp_baseline",
         "minus the group's mean, then whitened (arXiv:2501.03262)",
         {{"scale", "batch"}}},
        {"dapo",
         "clip-higher, dynamic sampling, overlong penalty (arXiv:2503.14476)",
         {{"clip", "[0.2, 0.28]"},
          {"dual_clip", "10"},
          {"dynamic_sampling", "true"},
          {"overlong_penalty", "1"}}},
        {"gspo",
         "one ratio a sequence (arXiv:2507.18071)",
         {{"clip", "[3e-4, 4e-4]"}, {"ratio", "sequence"}, {"aggregation", "sequence"}}},
        {"cispo",
         "clipped ratios as weights, none below (arXiv:2506.13585)",
         {{"clip", "[1, 0.28]"}, {"objective", "weighted"}}},
        {"sapo",
         "a smooth gate in place of the clip (arXiv:2511.20347)",
         {{"objective", "soft"}, {"aggregation", "sequence"}}},
        {"gmpo",
         "the geometric mean of clipped ratios (arXiv:2507.20673)",
         {{"ratio", "geometric"},
          {"clip", "[0.3296799539643607, 0.4918246976412703]"},
          {"aggregation", "sequence"}}},
        {"topr",
         "negative completions weigh less as they become unlikely (arXiv:2503.14286)",
         {{"objective", "tapered"}, {"scale", "none"}, {"aggregation", "sequence_sum"}}},
        {"opo",
         "the baseline of least variance, weighted by length (arXiv:2505.23585)",
         {{"baseline", "length"}, {"scale", "none"}}},
        {"maxrl",
         "divided by the mean reward: hard problems weigh more (arXiv:2602.02710)",
         {{"scale", "mean"}}},
        {"pass_at_k",
         "rewards what adds to the group's pass@k (arXiv:2508.10751)",
         {{"baseline", "pass_k"}, {"pass_k", "4"}}},
    };
  }

  void check() const override {
    check_scale();
    check_ratio();
    if (dual_clip_ > 0 && dual_clip_ <= 1)
      throw std::invalid_argument("dual_clip is " + real_text(dual_clip_) +
                                  "; it must be above 1, or 0 for none");
    kl_.check();
  }

  void check_plan(const RunPlan& plan) const override {
    if (baseline_ == "pass_k" && plan.samples < pass_k_)
      throw std::invalid_argument("pass_k is " + std::to_string(pass_k_) +
                                  ", and rollout.samples " + std::to_string(plan.samples) +
                                  ": a group has fewer samples than that");
    if (plan.samples > 1) return;
    if (baseline_ != "none")
      throw std::invalid_argument("rollout.samples is 1, and baseline: " + baseline_ +
                                  " compares a completion with others of its problem; take 2 "
                                  "samples or more, or baseline: none");
    if (dynamic_)
      throw std::invalid_argument(
          "rollout.samples is 1, and dynamic_sampling looks for samples that differ");
  }

  std::vector<IdleSetting> idle_settings(const RunPlan& plan) const override {
    std::vector<IdleSetting> idle = kl_.idle_settings(plan);
    for (IdleSetting& setting : entropy_.idle_settings()) idle.push_back(std::move(setting));
    if (!has_clip()) idle.push_back({"clip", "objective: " + objective_ + " has no clip"});
    if (plan.updates > 1) return idle;
    if (has_clip()) idle.push_back({"clip", kOneUpdate});
    if (dual_clip_ > 0) idle.push_back({"dual_clip", kOneUpdate});
    if (ratio_ != "token") idle.push_back({"ratio", kOneUpdate});
    if (objective_ != "clipped") idle.push_back({"objective", kOneUpdate});
    return idle;
  }

  std::vector<AuxiliaryModel> auxiliary_models() const override { return kl_.auxiliary_models(); }
  bool zero_advantage_is_no_gradient() const override {
    return !kl_.in_loss() && !entropy_.is_used();
  }
  std::int64_t sampling_rounds() const override { return dynamic_ ? rounds_ : 1; }
  at::Tensor kept_groups(const Batch& b) const override {
    return dynamic_ ? has_spread(b.reward, b.group, b.usable) : at::Tensor();
  }

  void prepare(Batch& b, AlgorithmHost& host) override {
    kl_.prepare(b, host);
    entropy_.prepare(b, host);
    const double max_tokens = b.max_tokens;
    at::Tensor reward = b.reward;  // (B)
    if (overlong_ > 0)
      reward = reward + overlong_penalty(b.length, max_tokens, zone_ * max_tokens, overlong_);
    length_ = constant_length_ > 0 ? static_cast<double>(constant_length_) : max_tokens;

    const at::Tensor kl = kl_.of_rewards(b);  // (N)
    if (baseline_ == "none") {
      b.advantage = return_to_go(on_last_token(reward, b.mask, b.episode) - kl, b.mask, b.episode,
                                 1.0);  // (N)
    } else {
      const at::Tensor penalty = episode_sums(kl.to(at::kDouble), b.episode, b.episodes());  // (B)
      b.advantage = spread_to_tokens(compared(reward, penalty, b), b.episode);               // (N)
    }
    if (scale_ == "batch") b.advantage = whiten(b.advantage, b.mask);
    b.advantage = b.advantage.to(at::kFloat);
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    at::Tensor terms = policy_terms(b, policy.logp, metrics);  // (N)
    terms = kl_.added_to(terms, policy.logp, b, metrics);
    terms = entropy_.added_to(terms, policy);
    return aggregate(terms, b, aggregation_, length_);
  }

 private:
  static constexpr double kEps = 1e-6;

  // Settings in the order in which people read them.
  void describe_advantages(SettingsTable& t) {
    t.add("clip", clip_,
          "how far the ratio may leave 1 before its gradient stops: one number, or [below, above]")
        .up_to(2)
        .between(0, 100);
    t.add("baseline", baseline_,
          "what a reward is compared with. group: the mean of its group; others: the mean of the "
          "group's others (RLOO); length: the mean weighted by length (OPO); pass_k: what it "
          "adds to the group's pass@k; none: nothing, returns are whitened over all tokens "
          "(REINFORCE++)")
        .one_of({"group", "others", "length", "pass_k", "none"});
    t.add("pass_k", pass_k_, "the k of pass@k").between(1, 1024).only_when("baseline", "pass_k");
    t.add(
         "scale", scale_,
         "std: advantages are divided by the group's standard deviation; mean: by the group's mean "
         "reward (MaxRL); none: they are not divided (Dr. GRPO); batch: they are whitened over all "
         "tokens (REINFORCE++)")
        .one_of({"std", "mean", "none", "batch"});
  }

  void describe_objective(SettingsTable& t) {
    t.add("ratio", ratio_,
          "token: of each token; sequence: one for the whole completion (GSPO); geometric: the "
          "geometric mean over the completion of clipped ratios (GMPO)")
        .one_of({"token", "sequence", "geometric"});
    t.add("objective", objective_,
          "clipped: PPO's surrogate; weighted: the clipped ratio as a constant weight of log-probs "
          "(CISPO); soft: a smooth gate in place of the clip (SAPO); tapered: log-probs, those of "
          "negative advantages weighted by the completion's ratio, at most 1 (TOPR)")
        .one_of({"clipped", "weighted", "soft", "tapered"});
    t.add("soft_temperature", soft_temperature_,
          "how steep the gate of objective: soft is: for positive advantages, and for the others")
        .up_to(2)
        .between(1e-3, 1e3)
        .only_when("objective", "soft");
    t.add("dual_clip", dual_clip_,
          "most that a token of negative advantage costs, in advantages, above 1; 0: no bound")
        .between(0, 100)
        .only_when("objective", "clipped");
    t.add("aggregation", aggregation_,
          "token: mean over all tokens of the update; sequence: mean over episodes of their token "
          "means; sequence_sum: mean over episodes of their token sums; constant: sum over tokens "
          "/ (episodes x constant_length) (Dr. GRPO)")
        .one_of({"token", "sequence", "sequence_sum", "constant"});
    t.add("constant_length", constant_length_,
          "tokens that an episode counts for; 0: rollout.max_tokens")
        .between(0, 1e6)
        .only_when("aggregation", "constant");
  }

  void describe_sampling(SettingsTable& t) {
    t.add("dynamic_sampling", dynamic_,
          "problems whose samples all earn the same are replaced by others (DAPO)");
    t.add("sampling_rounds", rounds_, "times that a step samples, at most, to find enough problems")
        .between(1, 16)
        .only_when("dynamic_sampling", "true");
    t.add("overlong_penalty", overlong_,
          "what a completion of the greatest length loses; shorter ones in the zone lose a part of "
          "it (DAPO); 0: none")
        .between(0, 100);
    t.add("overlong_zone", zone_, "where the penalty begins: the last part of rollout.max_tokens")
        .between(0, 1)
        .unless("overlong_penalty", "0");
  }

  bool has_clip() const { return objective_ == "clipped" || objective_ == "weighted"; }

  void check_scale() const {
    if (scale_ == "std" && baseline_ != "group" && baseline_ != "pass_k")
      throw std::invalid_argument("scale: std belongs to baseline: group; with baseline: " +
                                  baseline_ + " set scale: none, or batch");
    if (scale_ == "mean" && baseline_ != "group")
      throw std::invalid_argument("scale: mean belongs to baseline: group, and baseline is " +
                                  baseline_);
    if (baseline_ == "pass_k" && (overlong_ > 0 || kl_.in_reward()))
      throw std::invalid_argument(
          "baseline: pass_k counts right completions and sees no rewards: overlong_penalty and "
          "kl_in: reward have no effect on it");
  }

  void check_ratio() const {
    if (ratio_ == "geometric" && (objective_ != "clipped" || dual_clip_ > 0))
      throw std::invalid_argument(
          "ratio: geometric has a clip of its own: it needs objective: clipped and dual_clip: 0");
    if (ratio_ == "geometric" && (baseline_ == "none" || scale_ == "batch"))
      throw std::invalid_argument(
          "ratio: geometric needs one advantage for a completion: take baseline: group");
    if (ratio_ == "geometric" && clip_.front() >= 1)
      throw std::invalid_argument("clip is " + real_text(clip_.front()) +
                                  " below; the logarithm of a ratio of 0 is no bound: take less "
                                  "than 1");
    if (ratio_ != "token" && objective_ == "tapered")
      throw std::invalid_argument("objective: tapered has a ratio of its own: leave out ratio");
  }

  // What rewards less a penalty are worth in comparison: (B) f64 -> (B).
  at::Tensor compared(const at::Tensor& given, const at::Tensor& penalty, const Batch& b) const {
    const at::Tensor reward = given - penalty;
    if (baseline_ == "others") return leave_one_out(reward, b.group, b.usable);
    if (baseline_ == "length")
      return length_weighted_advantage(reward, b.length, b.group, b.usable);
    if (baseline_ == "pass_k")
      return pass_at_k_advantage(b.right, b.group, b.usable, pass_k_, scale_ == "std");
    if (scale_ == "mean") return advantage_over_mean(reward, b.group, b.usable);
    const at::Tensor advantage = group_advantage(reward, b.group, b.usable, false, kEps);
    if (scale_ != "std") return advantage;
    // Of rewards without the penalty: where they are all equal, its differences must stay small.
    return advantage / group_deviation(given, b.group, b.usable, kEps);
  }

  // The objective, without regularizers: (N).
  at::Tensor policy_terms(const Batch& b, const at::Tensor& logp, Metrics& metrics) const {
    if (objective_ == "tapered") return tapered(logp, b);
    const at::Tensor rho =
        ratio_ == "sequence" ? sequence_ratio(logp, b) : ratio(logp, b.logp_old);  // (N)
    if (objective_ == "soft")
      return soft_gated(rho, b.advantage, soft_temperature_.front(), soft_temperature_.back());
    const double low = clip_.front(), high = clip_.back();
    const at::Tensor clipped = objective_ == "weighted"
                                   ? rho.lt(1 - low).logical_or(rho.gt(1 + high))
                                   : is_clipped(rho, b.advantage, low, high);  // (N) bool
    metrics.add("clipped", masked_sum(clipped, b.mask), b.mask.sum().item<double>());
    if (objective_ == "weighted") return clipped_importance(rho, logp, b.advantage, low, high);
    if (ratio_ == "geometric") return geometric_surrogate(logp, b, low, high);
    const at::Tensor terms = clipped_surrogate(rho, b.advantage, low, high);  // (N)
    return dual_clip_ > 0 ? dual_clipped(terms, b.advantage, dual_clip_) : terms;
  }

  std::string baseline_ = "group";
  std::int64_t pass_k_ = 4;
  std::string scale_ = "std";
  std::string ratio_ = "token";
  std::string objective_ = "clipped";
  std::vector<double> soft_temperature_ = {1.0, 1.05};
  std::vector<double> clip_ = {0.2};
  double dual_clip_ = 0;
  std::string aggregation_ = "token";
  std::int64_t constant_length_ = 0;
  bool dynamic_ = false;
  std::int64_t rounds_ = 4;
  double overlong_ = 0;
  double zone_ = 0.2;
  ReferencePenalty kl_;
  EntropyBonus entropy_;
  double length_ = 1;  // tokens that an episode counts for under aggregation: constant
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(
    tinyzero::Grpo, "grpo", "group-relative policy optimization",
    "Rewards of a problem's samples are compared with each other; no value model. "
    "By its variants also Dr. GRPO, RLOO, REINFORCE++, DAPO, GSPO, CISPO, SAPO, GMPO, "
    "TOPR, OPO, MaxRL and training for pass@k.")
