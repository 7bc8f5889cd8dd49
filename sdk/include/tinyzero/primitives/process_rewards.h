// PRIME: rewards of tokens from an implicit process reward model that is trained online on outcomes
// (arXiv:2502.01456). Shapes as in advantages.h; a response is an episode.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tinyzero/primitives/advantages.h"
#include "tinyzero/primitives/losses.h"

namespace tinyzero {

// q_t = beta (logp - logp_reference) of the reward model, 0 where the mask is 0. Differentiable.
// (N).
inline at::Tensor implicit_reward(const at::Tensor& logp, const at::Tensor& logp_reference,
                                  const at::Tensor& mask, double beta) {
  return beta * (logp - logp_reference) * mask;
}

// Process rewards against a baseline: with m_j the token mean of response j and n the usable
// responses of its group,
//   `leave_one_out`:       r_t - Σ_{j≠i} m_j / (n - 1)
//   not `leave_one_out`:   r_t n/(n - 1) - Σ_j m_j / (n - 1), what PRIME's code computes
// 0 where the mask is 0 and for groups of one. reward, mask, episode (N), group, usable (B) -> (N).
inline at::Tensor process_advantage(const at::Tensor& reward, const at::Tensor& mask,
                                    const at::Tensor& episode, const at::Tensor& group,
                                    const at::Tensor& usable, bool leave_one_out) {
  const at::Tensor r = as_doubles(reward);  // (N)
  const at::Tensor m = as_doubles(mask);    // (N)
  const std::int64_t episodes = group.size(0);
  const at::Tensor means = episode_sums(r * m, episode, episodes) /
                           episode_sums(m, episode, episodes).clamp_min(1.0);  // (B)
  at::Tensor scale = at::zeros({episodes}, at::kDouble);                       // (B)
  at::Tensor baseline = at::zeros({episodes}, at::kDouble);                    // (B)
  auto s = scale.accessor<double, 1>(), b = baseline.accessor<double, 1>();
  const auto mean = means.accessor<double, 1>();
  for (const auto& members : members_of(group, usable)) {
    if (members.size() < 2) continue;
    const double others = static_cast<double>(members.size()) - 1;
    double sum = 0;
    for (const std::int64_t i : members) sum += mean[i];
    for (const std::int64_t i : members) {
      s[i] = leave_one_out ? 1.0 : (others + 1) / others;
      b[i] = (leave_one_out ? sum - mean[i] : sum) / others;
    }
  }
  return (r * scale.index_select(0, episode) - baseline.index_select(0, episode)) * m;
}

// The largest magnitude that the process rewards of a response add up to from some token to its
// end, over all responses: what they are divided by. reward, mask, episode (N).
inline double process_reward_scale(const at::Tensor& reward, const at::Tensor& mask,
                                   const at::Tensor& episode) {
  const at::Tensor sums = return_to_go(reward, mask, episode, 1.0);
  return sums.size(0) > 0 ? sums.abs().max().item<double>() : 0.0;
}

// Whether each group is worth learning from: the mean accuracy of its usable responses within low …
// high, both included, and none of them truncated if `drop_truncated`. accuracy f64, group, usable,
// truncated (B) -> (groups) bool.
inline at::Tensor group_is_kept(const at::Tensor& accuracy, const at::Tensor& group,
                                const at::Tensor& usable, const at::Tensor& truncated, double low,
                                double high, bool drop_truncated) {
  const auto members = members_of(group, usable);
  const auto groups = static_cast<std::int64_t>(members.size());
  at::Tensor out = at::zeros({groups}, at::kBool);  // (groups)
  const auto a = accuracy.accessor<double, 1>();
  const auto t = truncated.accessor<bool, 1>();
  for (std::int64_t g = 0; g < groups; ++g) {
    double mean = 0;
    bool cut = false;
    for (const std::int64_t i : members[g]) {
      mean += a[i] / static_cast<double>(members[g].size());
      cut = cut || t[i];
    }
    constexpr double kRounding = 1e-9;
    out[g] = !members[g].empty() && mean >= low - kRounding && mean <= high + kRounding &&
             !(drop_truncated && cut);
  }
  return out;
}

}  // namespace tinyzero
