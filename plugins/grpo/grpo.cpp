// GRPO (arXiv:2402.03300). A group is the G completions of one problem.
//   A_i  = (r_i - mean_g r) / (std_g r + eps)         0 for a group whose rewards are all equal
//   rho  = exp(logp - logp_old)
//   L    = sum_mask[ max(-rho A, -clip(rho, 1 - lo, 1 + hi) A) + beta k3(policy, reference) ] / count
// Left out on purpose: value model; per-sequence length normalisation (aggregation: sequence gives the paper's form).

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

class Grpo : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    t.add("clip", clip_, "how far the ratio may leave 1 before its gradient stops: one number, or [below, above]").up_to(2).between(0, 100);
    t.add("scale", scale_, "std: advantages are divided by the group's standard deviation; none: they are not (Dr. GRPO)")
        .one_of({"std", "none"});
    t.add("aggregation", aggregation_, "token: mean over all tokens of the update; sequence: mean over episodes of their token means")
        .one_of({"token", "sequence"});
    t.add("kl", kl_, "weight of the penalty for leaving the policy RL began with; 0: no penalty, no reference in memory").between(0, 100);
    t.add("entropy", entropy_, "weight of a bonus for entropy; 0: none").between(0, 10);
  }

  bool needs_reference() const override { return kl_ > 0; }
  bool only_advantages_teach() const override { return kl_ == 0 && entropy_ == 0; }

  void prepare(Batch& b, AlgorithmHost& host) override {
    const at::Tensor advantage = group_advantage(b.reward, b.group, b.usable, scale_ == "std", kEps);  // (B)
    b.advantage = spread_to_tokens(advantage, b.episode);                                              // (N)
    if (kl_ > 0) b.added["logp_reference"] = host.reference_logp(b);                                   // (N)
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    const double low = clip_.front(), high = clip_.back();
    const at::Tensor rho = ratio(policy.logp, b.logp_old);              // (N)
    at::Tensor terms = clipped_surrogate(rho, b.advantage, low, high);  // (N)
    if (kl_ > 0) {
      const at::Tensor kl = k3(policy.logp, b.added.at("logp_reference"));  // (N)
      terms = terms + kl_ * kl;
      metrics.add("kl_reference", masked_sum(kl, b.mask), b.mask.sum().item<double>());
    }
    if (entropy_ > 0) terms = terms - entropy_ * policy.entropy;
    metrics.add("clipped", masked_sum(is_clipped(rho, b.advantage, low, high), b.mask), b.mask.sum().item<double>());
    return aggregate(terms, b, aggregation_);
  }

 private:
  static constexpr double kEps = 1e-6;
  std::vector<double> clip_ = {0.2};
  std::string scale_ = "std";
  std::string aggregation_ = "token";
  double kl_ = 0;
  double entropy_ = 0;
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(tinyzero::Grpo, "grpo", "group-relative policy optimization",
                   "Rewards of a problem's samples are compared with each other; no value model. Also Dr. GRPO (scale: none) and DAPO's "
                   "clip-higher (clip: [0.2, 0.28]).")
