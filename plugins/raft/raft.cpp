// Rejection sampling and fine-tuning: RAFT (arXiv:2304.06767), RFT (arXiv:2308.01825). Completions
// that earn the full reward are imitated, all others are forgotten.
//   L = - Σ over kept tokens of logp / kept tokens
// With `clip` the importance ratio takes the place of the log-probability (RAFT++,
// arXiv:2504.11343):
//   L = - Σ over kept tokens of min(rho, clip(rho, 1 - lo, 1 + hi)) / kept tokens
// With `keep: all` everything is imitated: for controls that learn from demonstrations.

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

class Raft : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    t.add("keep", keep_,
          "which completions are imitated. right: those that earn the full reward; all: each that "
          "could be judged")
        .one_of({"right", "all"});
    t.add("clip", clip_,
          "how far the ratio to the sampler may leave 1 before its gradient stops (RAFT++): one "
          "number, or [below, above]; 0: the plain log-likelihood, without a ratio")
        .up_to(2)
        .between(0, 100);
    t.add("aggregation", aggregation_,
          "token: mean over all kept tokens; sequence: mean over kept episodes of their token "
          "means")
        .one_of({"token", "sequence"});
  }

  std::vector<Variant> variants() const override {
    return {{"raft", "as published: the likelihood of what was right (arXiv:2304.06767)", {}},
            {"raft_pp", "with a clipped ratio (arXiv:2504.11343)", {{"clip", "0.2"}}}};
  }

  std::vector<IdleSetting> idle_settings(const RunPlan& plan) const override {
    if (plan.updates > 1 || !has_ratio()) return {};
    return {{"clip", kOneUpdate}};
  }

  // The weights of kept tokens make the batch's denominators those of what is kept.
  void prepare(Batch& b, AlgorithmHost& host) override {
    const at::Tensor kept = keep_ == "right" ? b.right.logical_and(b.usable) : b.usable;   // (B)
    const at::Tensor weight = spread_to_tokens(kept.to(at::kDouble), b.episode) * b.mask;  // (N)
    const double share = aggregation_ == "token"
                             ? weight.sum().item<double>() / std::max(b.all.tokens, 1.0)
                             : kept.sum().item<double>() / std::max(b.all.episodes, 1.0);
    b.advantage = (share > 0 ? weight / share : weight).to(at::kFloat);
    host.metrics().add("imitated", kept.sum().item<double>(), b.episodes());
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    if (!has_ratio()) return aggregate(-policy.logp * b.advantage, b, aggregation_);
    const double low = clip_.front(), high = clip_.back();
    const at::Tensor rho = ratio(policy.logp, b.logp_old);  // (N)
    metrics.add("clipped", masked_sum(is_clipped(rho, b.advantage, low, high), b.mask),
                b.mask.sum().item<double>());
    return aggregate(clipped_surrogate(rho, b.advantage, low, high), b, aggregation_);
  }

 private:
  bool has_ratio() const { return clip_.front() > 0 || clip_.back() > 0; }

  std::string keep_ = "right";
  std::vector<double> clip_ = {0};
  std::string aggregation_ = "token";
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(tinyzero::Raft, "raft", "rejection sampling and fine-tuning",
                   "Imitates the completions that earn the full reward and forgets the others: no "
                   "baseline and no value model. A control for what RL adds, and RAFT++ with a "
                   "clipped ratio.")
