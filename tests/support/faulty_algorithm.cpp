// An algorithm with the faults that authors make, for `algorithm check`; without one it is GRPO's
// core: groups' advantages, a clipped ratio, a mean over tokens.

#include <c10/core/GradMode.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "tinyzero/algorithm.h"
#include "tinyzero/primitives.h"

namespace tinyzero {
namespace {

class Faulty : public Algorithm {
 public:
  void describe(SettingsTable& t) override {
    t.add("fault", fault_, "what is wrong")
        .one_of({"none", "local_mean", "masked", "order", "sign", "entropy", "detached", "guard",
                 "state", "crash", "loop"});
    t.add("nan_at", nan_at_, "step of the run whose loss is not a number; 0: none").between(0, 1e9);
    t.add("nan_alone", nan_alone_, "only the first episode with an advantage is not a number");
    t.add("metric", metric_, "name of its metric");
  }

  bool zero_advantage_is_no_gradient() const override { return true; }

  void prepare(Batch& b, AlgorithmHost& host) override {
    const bool is_nan = nan_at_ > 0 && host.step() == nan_at_;
    const at::Tensor usable = is("masked") ? at::ones_like(b.usable) : b.usable;  // (B)
    at::Tensor advantage =
        group_advantage(b.reward, b.group, usable, /*scale_by_std=*/true, 1e-6);  // (B)
    if (is("sign")) advantage = -advantage;
    b.advantage = spread_to_tokens(advantage, b.episode);  // (N)
    if (is("order")) b.advantage = b.advantage * at::linspace(0.5, 1.5, b.tokens());
    b.added["is_nan"] = at::full({b.tokens()}, is_nan, at::kBool);  // (N)
    const at::Tensor taught = b.episode.masked_select(b.advantage.ne(0));
    if (nan_alone_ && taught.numel() > 0) b.added["is_nan"].logical_and_(b.episode.eq(taught[0]));
  }

  at::Tensor loss(const Batch& b, const PolicyOutput& policy, Metrics& metrics) const override {
    if (is("crash")) std::abort();
    for (volatile bool forever = true; is("loop") && forever;) {
    }
    const at::Tensor logp = is("detached") ? policy.logp.detach() : policy.logp;  // (N)
    const at::Tensor rho = ratio(logp, b.logp_old);                               // (N)
    metrics.add(metric_, masked_sum(is_clipped(rho, b.advantage, 0.2, 0.2), b.mask),
                b.mask.sum().item<double>());
    at::Tensor terms = clipped_surrogate(rho, b.advantage, 0.2, 0.2);  // (N)
    if (is("guard")) terms = terms * constant_ratio(policy.logp, b);
    if (is("entropy")) terms = terms - 0.01 * policy.entropy;
    if (is("state")) terms = terms * static_cast<double>(++calls_);
    terms = terms.masked_fill(b.added.at("is_nan"), std::numeric_limits<double>::quiet_NaN());
    if (is("masked")) return terms.sum() / std::max(b.all.tokens, 1.0);
    if (is("local_mean")) return (terms * b.mask).sum() / b.mask.sum().clamp_min(1.0);
    return aggregate(terms, b, "token");
  }

 private:
  // A ratio without gradient that nothing marks as a constant.
  static at::Tensor constant_ratio(const at::Tensor& logp, const Batch& b) {
    const c10::NoGradGuard no_grad;
    return ratio(logp, b.logp_old);  // (N)
  }
  bool is(const char* fault) const { return fault_ == fault; }

  std::string fault_ = "none";
  std::int64_t nan_at_ = 0;
  std::string metric_ = "clipped";
  bool nan_alone_ = false;
  mutable std::int64_t calls_ = 0;
};

}  // namespace
}  // namespace tinyzero

TINYZERO_ALGORITHM(tinyzero::Faulty, "faulty_algorithm", "has faults",
                   "Group advantages and a clipped ratio, with a fault if asked for one.")
