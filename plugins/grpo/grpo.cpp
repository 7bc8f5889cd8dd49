// GRPO (arXiv:2402.03300) and its family. A group is the G completions of one problem.
//   A_i  = (r_i - mean_g r) / (std_g r + eps)         0 for a group whose rewards are all equal
//   rho  = exp(logp - logp_old)
//   L    = sum_mask[ max(-rho A, -clip(rho, 1 - lo, 1 + hi) A) + beta k3(policy, reference) ] / count
// Settings exchange the baseline, the ratio, the clip and the count for those of other papers: docs in grpo.md. Left out on purpose: a value
// model.

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

class Grpo : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    t.add("clip", clip_, "how far the ratio may leave 1 before its gradient stops: one number, or [below, above]").up_to(2).between(0, 100);
    t.add("baseline", baseline_,
          "what a reward is compared with. group: the mean of its group; others: the mean of the group's others (RLOO)")
        .one_of({"group", "others"});
    t.add("scale", scale_,
          "std: advantages are divided by the group's standard deviation; none: they are not (Dr. GRPO); batch: they are whitened over all "
          "tokens "
          "(REINFORCE++)")
        .one_of({"std", "none", "batch"});
    t.add("ratio", ratio_, "token: of each token; sequence: one for the whole completion (GSPO)").one_of({"token", "sequence"});
    t.add("objective", objective_, "clipped: PPO's surrogate; weighted: the clipped ratio as a constant weight of log-probs (CISPO)")
        .one_of({"clipped", "weighted"});
    t.add("dual_clip", dual_clip_, "most that a token of negative advantage costs, in advantages, above 1; 0: no bound")
        .between(0, 100)
        .only_when("objective", "clipped");
    t.add("aggregation", aggregation_,
          "token: mean over all tokens of the update; sequence: mean over episodes of their token means; sequence_sum: mean over episodes "
          "of "
          "their token sums; constant: sum over tokens / (episodes x constant_length) (Dr. GRPO)")
        .one_of({"token", "sequence", "sequence_sum", "constant"});
    t.add("constant_length", constant_length_, "tokens that an episode counts for").between(1, 1e6).only_when("aggregation", "constant");
    t.add("kl", kl_, "weight of the penalty for leaving the policy RL began with; 0: no penalty, no reference in memory").between(0, 100);
    t.add("entropy", entropy_, "weight of a bonus for entropy; 0: none").between(0, 10);
  }

  void check() const override {
    if (baseline_ == "others" && scale_ == "std")
      throw std::invalid_argument("scale: std belongs to baseline: group; with baseline: others set scale: none, or batch");
    if (dual_clip_ > 0 && dual_clip_ <= 1)
      throw std::invalid_argument("dual_clip is " + real_text(dual_clip_) + "; it must be above 1, or 0 for none");
  }

  bool needs_reference() const override { return kl_ > 0; }
  bool only_advantages_teach() const override { return kl_ == 0 && entropy_ == 0; }

  void prepare(Batch& b, AlgorithmHost& host) override {
    const at::Tensor advantage = baseline_ == "others" ? leave_one_out(b.reward, b.group, b.usable)
                                                       : group_advantage(b.reward, b.group, b.usable, scale_ == "std", kEps);  // (B)
    b.advantage = spread_to_tokens(advantage, b.episode);                                                                      // (N)
    if (scale_ == "batch") b.advantage = whiten(b.advantage, b.mask).to(at::kFloat);
    if (kl_ > 0) b.added["logp_reference"] = host.reference_logp(b);  // (N)
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    const double low = clip_.front(), high = clip_.back();
    const at::Tensor rho = ratio_ == "sequence" ? sequence_ratio(policy.logp, b) : ratio(policy.logp, b.logp_old);  // (N)
    at::Tensor terms, clipped;                                                                                      // (N)
    if (objective_ == "weighted") {
      terms = clipped_importance(rho, policy.logp, b.advantage, low, high);
      clipped = rho.lt(1 - low).logical_or(rho.gt(1 + high));
    } else {
      terms = clipped_surrogate(rho, b.advantage, low, high);
      clipped = is_clipped(rho, b.advantage, low, high);
      if (dual_clip_ > 0) terms = dual_clipped(terms, b.advantage, dual_clip_);
    }
    if (kl_ > 0) {
      const at::Tensor kl = k3(policy.logp, b.added.at("logp_reference"));  // (N)
      terms = terms + kl_ * kl;
      metrics.add("kl_reference", masked_sum(kl, b.mask), b.mask.sum().item<double>());
    }
    if (entropy_ > 0) terms = terms - entropy_ * policy.entropy;
    metrics.add("clipped", masked_sum(clipped, b.mask), b.mask.sum().item<double>());
    return aggregate(terms, b, aggregation_, static_cast<double>(constant_length_));
  }

 private:
  static constexpr double kEps = 1e-6;
  std::string baseline_ = "group";
  std::string scale_ = "std";
  std::string ratio_ = "token";
  std::string objective_ = "clipped";
  std::vector<double> clip_ = {0.2};
  double dual_clip_ = 0;
  std::string aggregation_ = "token";
  std::int64_t constant_length_ = 256;
  double kl_ = 0;
  double entropy_ = 0;
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(tinyzero::Grpo, "grpo", "group-relative policy optimization",
                   "Rewards of a problem's samples are compared with each other; no value model. By its settings also Dr. GRPO, RLOO, "
                   "REINFORCE++ with baseline, GSPO, CISPO, and DAPO's clip-higher.")
