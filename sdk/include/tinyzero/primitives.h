// The parts that losses are made of. Each is one formula, tested against golden numbers (tests/sdk).
//
// Shapes as in batch.h; masks are 1 for tokens that count. A masked token is invisible: it changes no other number.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <string>
#include <vector>

#include "tinyzero/batch.h"

namespace tinyzero {

// ---- advantages ----

// Group-relative advantages (GRPO, arXiv:2402.03300; without `scale_by_std` Dr. GRPO, arXiv:2503.20783):
//   A_i = (r_i - mean_g r) / (std_g r + eps), std with ddof 1;   A_i = r_i - mean_g r
// over the usable members of the group. Exactly 0 where all members have the same raw reward (rounding of the mean must not teach) and
// for unusable episodes. reward (B) f64, group (B), usable (B) -> (B) f64.
inline at::Tensor group_advantage(const at::Tensor& reward, const at::Tensor& group, const at::Tensor& usable, bool scale_by_std,
                                  double eps) {
  at::Tensor out = at::zeros_like(reward);
  const auto r = reward.accessor<double, 1>();
  const auto g = group.accessor<std::int64_t, 1>();
  const auto u = usable.accessor<bool, 1>();
  auto a = out.accessor<double, 1>();
  const std::int64_t groups = reward.size(0) > 0 ? group.max().item<std::int64_t>() + 1 : 0;
  std::vector<std::vector<std::int64_t>> members(static_cast<std::size_t>(groups));
  for (std::int64_t i = 0; i < reward.size(0); ++i) {
    if (u[i]) members[static_cast<std::size_t>(g[i])].push_back(i);
  }
  for (const auto& group_members : members) {
    const double n = static_cast<double>(group_members.size());
    double mean = 0, squares = 0;
    bool equal = true;
    for (const std::int64_t i : group_members) {
      mean += r[i] / n;
      equal = equal && r[i] == r[group_members.front()];
    }
    if (equal) continue;
    for (const std::int64_t i : group_members) squares += (r[i] - mean) * (r[i] - mean);
    const double divisor = scale_by_std ? std::sqrt(squares / (n - 1)) + eps : 1.0;
    for (const std::int64_t i : group_members) a[i] = (r[i] - mean) / divisor;
  }
  return out;
}

// The value of each token's episode: (B), episode (N) -> (N) f32.
inline at::Tensor spread_to_tokens(const at::Tensor& values, const at::Tensor& episode) {
  return values.index_select(0, episode).to(at::kFloat);
}

// ---- policy loss ----

// rho = exp(clamp(logp - logp_old, -20, 20)): (N).
inline at::Tensor ratio(const at::Tensor& logp, const at::Tensor& logp_old) { return (logp - logp_old).clamp(-20.0, 20.0).exp(); }

// PPO's clipped surrogate, as a loss (arXiv:1707.06347): max(-rho A, -clip(rho, 1 - low, 1 + high) A): (N).
inline at::Tensor clipped_surrogate(const at::Tensor& rho, const at::Tensor& advantage, double low, double high) {
  return at::max(-rho * advantage, -rho.clamp(1.0 - low, 1.0 + high) * advantage);
}

// Tokens where the clip is what counts: its term is strictly larger. (N) bool.
inline at::Tensor is_clipped(const at::Tensor& rho, const at::Tensor& advantage, double low, double high) {
  return (-rho.clamp(1.0 - low, 1.0 + high) * advantage).gt(-rho * advantage);
}

// Schulman's k3 estimator of KL(policy || reference) (joschu.net/blog/kl-approx.html): exp(-d) - 1 + d with d = logp - logp_reference
// clamped to ±20. Not negative. (N).
inline at::Tensor k3(const at::Tensor& logp, const at::Tensor& logp_reference) {
  const at::Tensor d = (logp - logp_reference).clamp(-20.0, 20.0);
  return (-d).exp() - 1.0 + d;
}

// ---- aggregation ----

// One number from terms x (N), with the whole update's denominators:
//   token:    Σ mask x / all trained tokens                      (DAPO, arXiv:2503.14476)
//   sequence: Σ over episodes of the mean of its trained tokens / all episodes with any    (GRPO's own form)
// 0, with a gradient of 0, if nothing is trained.
inline at::Tensor aggregate(const at::Tensor& x, const Batch& batch, const std::string& how) {
  const at::Tensor masked = x * batch.mask;
  if (how == "token") return masked.sum() / std::max(batch.all_tokens, 1.0);
  const auto per_episode = [&](const at::Tensor& values) {
    return at::zeros({batch.episodes()}, values.options()).index_add(0, batch.episode, values);
  };
  return (per_episode(masked) / per_episode(batch.mask).clamp_min(1.0)).sum() / std::max(batch.all_episodes, 1.0);
}

// Σ mask x, for metrics.
inline double masked_sum(const at::Tensor& x, const at::Tensor& mask) { return (x.detach().to(at::kDouble) * mask).sum().item<double>(); }

}  // namespace tinyzero
