// @NAME@: REINFORCE with a leave-one-out baseline (RLOO, arXiv:2402.14740). A small algorithm that
// works: change it into yours.
//   A_i = r_i - mean of the rewards of its problem's other samples        0 where all are equal
//   w   = min(exp(logp - logp_old), cap), a constant                     1 in a step's first update
//   L   = Σ mask (-w A logp) / episodes

#include <cstdint>
#include <string>
#include <vector>

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"

namespace {

using namespace tinyzero;

class Reinforce : public Algorithm {
 public:
  // What an experiment's YAML can set; names, ranges and words become help and error messages.
  void describe(SettingsTable& t) override {
    t.add("baseline", baseline_,
          "what a reward is compared with. others: the mean of its problem's other samples; none: "
          "nothing")
        .one_of({"others", "none"});
    t.add("cap", cap_,
          "most that a token of an older policy counts for, as a ratio of probabilities")
        .between(1, 100);
  }

  // Optional: settings under one name, `algorithm: {use: …, variant: plain}`.
  std::vector<Variant> variants() const override {
    return {{"plain", "REINFORCE as it began: no baseline", {{"baseline", "none"}}}};
  }

  // Once a step, with all its episodes: rewards (B) become advantages (N).
  void prepare(Batch& b, AlgorithmHost&) override {
    const at::Tensor advantage =
        baseline_ == "others" ? leave_one_out(b.reward, b.group, b.usable) : b.reward;  // (B)
    b.advantage = spread_to_tokens(advantage, b.episode);                               // (N)
  }

  // For each micro-batch, from several threads at once: a term a token, then one number. What the
  // docs name goes to `metrics`.
  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    const at::Tensor rho = ratio(policy.logp, b.logp_old).detach();             // (N)
    const at::Tensor terms = -rho.clamp_max(cap_) * b.advantage * policy.logp;  // (N)
    metrics.add("capped", masked_sum(rho.gt(cap_), b.mask), masked_sum(b.mask, b.mask));
    return aggregate(terms, b, "sequence_sum");
  }

 private:
  std::string baseline_ = "others";
  double cap_ = 2;
};

}  // namespace

TINYZERO_ALGORITHM(
    Reinforce, "@NAME@", "REINFORCE with a leave-one-out baseline",
    "Rewards are compared with those of the problem's other samples; no value model, no clip. "
    "Metric: train/capped, the share of tokens that count for less than their ratio.")
