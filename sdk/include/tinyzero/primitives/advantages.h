// From rewards to advantages.
//
// Shapes as in batch.h: values of episodes (B), of tokens (N) with episode (N) rising; group (B)
// from 0; masks are 1 for tokens that count. Every function computes in double and returns doubles.
// A masked token is invisible: returns and discounts pass through it unchanged, its reward and its
// value are not used, and its own result is 0.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tinyzero/primitives/masked.h"

namespace tinyzero {

// The usable members of each group.
inline std::vector<std::vector<std::int64_t>> members_of(const at::Tensor& group,
                                                         const at::Tensor& usable) {
  const std::int64_t groups = group.size(0) > 0 ? group.max().item<std::int64_t>() + 1 : 0;
  std::vector<std::vector<std::int64_t>> members(groups);
  const auto g = group.accessor<std::int64_t, 1>();
  const auto u = usable.accessor<bool, 1>();
  for (std::int64_t i = 0; i < group.size(0); ++i) {
    if (u[i]) members[g[i]].push_back(i);
  }
  return members;
}

// Whether all members of a group have the same raw reward: rounding of their mean must not teach.
inline bool is_level(const at::TensorAccessor<double, 1>& reward,
                     const std::vector<std::int64_t>& members) {
  return std::all_of(members.begin(), members.end(),
                     [&](std::int64_t i) { return reward[i] == reward[members.front()]; });
}

inline double mean_over(const at::TensorAccessor<double, 1>& reward,
                        const std::vector<std::int64_t>& members) {
  double mean = 0;
  for (const std::int64_t i : members) mean += reward[i] / static_cast<double>(members.size());
  return mean;
}

// The standard deviation with `ddof` + eps of each episode's group; 1 for groups whose members all
// have the same reward, and for unusable episodes. reward (B) f64, group (B), usable (B) -> (B).
inline at::Tensor group_deviation(const at::Tensor& reward, const at::Tensor& group,
                                  const at::Tensor& usable, double eps, int ddof = 1) {
  at::Tensor out = at::ones_like(reward);
  const auto r = reward.accessor<double, 1>();
  auto d = out.accessor<double, 1>();
  for (const auto& members : members_of(group, usable)) {
    if (is_level(r, members)) continue;
    const double mean = mean_over(r, members);
    double squares = 0;
    for (const std::int64_t i : members) squares += (r[i] - mean) * (r[i] - mean);
    const double degrees = static_cast<double>(members.size()) - ddof;
    for (const std::int64_t i : members) d[i] = std::sqrt(squares / degrees) + eps;
  }
  return out;
}

// Group-relative advantages (GRPO, arXiv:2402.03300; without `scale_by_std` Dr. GRPO,
// arXiv:2503.20783):
//   A_i = (r_i - mean_g r) / (std_g r + eps), std with `ddof`;   A_i = r_i - mean_g r
// over the usable members of the group. Exactly 0 where all members have the same raw reward
// (rounding of the mean must not teach), thus also for a single member, and for unusable episodes.
// reward (B) f64, group (B), usable (B) -> (B).
inline at::Tensor group_advantage(const at::Tensor& reward, const at::Tensor& group,
                                  const at::Tensor& usable, bool scale_by_std, double eps,
                                  int ddof = 1) {
  at::Tensor out = at::zeros_like(reward);
  const auto r = reward.accessor<double, 1>();
  auto a = out.accessor<double, 1>();
  for (const auto& members : members_of(group, usable)) {
    if (is_level(r, members)) continue;
    const double mean = mean_over(r, members);
    for (const std::int64_t i : members) a[i] = r[i] - mean;
  }
  return scale_by_std ? out / group_deviation(reward, group, usable, eps, ddof) : out;
}

// A_i = r_i - the mean of the other usable members' rewards (RLOO, arXiv:2402.14740); 0 as above.
// (B) -> (B).
inline at::Tensor leave_one_out(const at::Tensor& reward, const at::Tensor& group,
                                const at::Tensor& usable) {
  at::Tensor out = at::zeros_like(reward);
  const auto r = reward.accessor<double, 1>();
  auto a = out.accessor<double, 1>();
  for (const auto& members : members_of(group, usable)) {
    if (is_level(r, members)) continue;
    double sum = 0;
    for (const std::int64_t i : members) sum += r[i];
    const double others = static_cast<double>(members.size()) - 1;
    for (const std::int64_t i : members) a[i] = r[i] - (sum - r[i]) / others;
  }
  return out;
}

// MaxRL (arXiv:2602.02710): A_i = (r_i - mean_g r) / mean_g r; 0 where the mean is not above 0, and
// as in group_advantage. (B) -> (B).
inline at::Tensor advantage_over_mean(const at::Tensor& reward, const at::Tensor& group,
                                      const at::Tensor& usable) {
  at::Tensor out = group_advantage(reward, group, usable, /*scale_by_std=*/false, 0);
  const auto r = reward.accessor<double, 1>();
  auto a = out.accessor<double, 1>();
  for (const auto& members : members_of(group, usable)) {
    const double mean = mean_over(r, members);
    for (const std::int64_t i : members) a[i] = mean > 0 ? a[i] / mean : 0;
  }
  return out;
}

// OPO (arXiv:2505.23585): A_i = r_i - Σ l r / Σ l over the group, with the lengths l in tokens: the
// baseline of least variance where a gradient's length grows with that of its completion. 0 as in
// group_advantage. (B) -> (B).
inline at::Tensor length_weighted_advantage(const at::Tensor& reward, const at::Tensor& length,
                                            const at::Tensor& group, const at::Tensor& usable) {
  at::Tensor out = at::zeros_like(reward);
  const at::Tensor lengths = as_doubles(length);
  const auto r = reward.accessor<double, 1>(), l = lengths.accessor<double, 1>();
  auto a = out.accessor<double, 1>();
  for (const auto& members : members_of(group, usable)) {
    if (is_level(r, members)) continue;
    double sum = 0, tokens = 0;
    for (const std::int64_t i : members) {
      sum += l[i] * r[i];
      tokens += l[i];
    }
    if (tokens == 0) continue;
    for (const std::int64_t i : members) a[i] = r[i] - sum / tokens;
  }
  return out;
}

// Advantages for pass@k, the chance that one of k samples is right (arXiv:2508.10751, the analytic
// form): of n members of a group, w of which are wrong,
//   R = 1 - C(w, k) / C(n, k),   sigma = sqrt(R (1 - R))
//   right: (1 - R) / sigma,   wrong: (1 - R - C(w - 1, k - 1) / C(n - 1, k - 1)) / sigma
// without `scale_by_std` not divided by sigma. 0 where R is 0 or 1. k is at most n. right, usable
// (B) bool, group (B) -> (B).
inline at::Tensor pass_at_k_advantage(const at::Tensor& right, const at::Tensor& group,
                                      const at::Tensor& usable, std::int64_t k, bool scale_by_std) {
  at::Tensor out = at::zeros({right.size(0)}, at::kDouble);
  const auto is_right = right.accessor<bool, 1>();
  auto a = out.accessor<double, 1>();
  // C(w, k) / C(n, k): the chance that k of n, drawn without putting back, are all among the w.
  const auto all_among = [](std::int64_t w, std::int64_t n, std::int64_t k) {
    double share = 1;
    for (std::int64_t i = 0; i < k; ++i)
      share *= w > i ? static_cast<double>(w - i) / static_cast<double>(n - i) : 0.0;
    return share;
  };
  for (const auto& members : members_of(group, usable)) {
    const auto n = static_cast<std::int64_t>(members.size());
    std::int64_t wrong = 0;
    for (const std::int64_t i : members) wrong += is_right[i] ? 0 : 1;
    const std::int64_t draws = std::min(k, n);
    const double missed = all_among(wrong, n, draws);  // 1 - R
    if (missed <= 0 || missed >= 1) continue;
    const double sigma = scale_by_std ? std::sqrt(missed * (1 - missed)) : 1.0;
    const double of_wrong = missed - all_among(wrong - 1, n - 1, draws - 1);
    for (const std::int64_t i : members) a[i] = (is_right[i] ? missed : of_wrong) / sigma;
  }
  return out;
}

// Which groups have usable members with different raw rewards: reward (B) f64, group, usable (B) ->
// (groups) bool.
inline at::Tensor has_spread(const at::Tensor& reward, const at::Tensor& group,
                             const at::Tensor& usable) {
  const auto members = members_of(group, usable);
  const auto groups = static_cast<std::int64_t>(members.size());
  at::Tensor out = at::zeros({groups}, at::kBool);  // (groups)
  const auto r = reward.accessor<double, 1>();
  for (std::int64_t g = 0; g < groups; ++g)
    for (const std::int64_t i : members[g])
      if (r[i] != r[members[g].front()]) out[g] = true;
  return out;
}

// The value of each token's episode: (B), episode (N) -> (N) f32.
inline at::Tensor spread_to_tokens(const at::Tensor& values, const at::Tensor& episode) {
  return values.index_select(0, episode).to(at::kFloat);
}

// Each episode's value on its last token that counts, 0 elsewhere: (B), (N), (N) -> (N).
inline at::Tensor on_last_token(const at::Tensor& values, const at::Tensor& mask,
                                const at::Tensor& episode) {
  const at::Tensor m = as_doubles(mask);                    // (N)
  const at::Tensor v = as_doubles(values);                  // (B)
  at::Tensor out = at::zeros({mask.size(0)}, at::kDouble);  // (N)
  auto o = out.accessor<double, 1>();
  const auto e = episode.accessor<std::int64_t, 1>();
  std::int64_t done = -1;
  for (std::int64_t t = mask.size(0) - 1; t >= 0; --t) {
    if (m.const_data_ptr<double>()[t] == 0 || e[t] == done) continue;
    done = e[t];
    o[t] = v.const_data_ptr<double>()[done];
  }
  return out;
}

struct Gae {
  at::Tensor advantage;  // (N), before whitening
  at::Tensor returns;    // (N): advantage + value
};

// Generalized advantage estimation (arXiv:1506.02438):
//   delta_t = r_t + gamma V_{t+1} - V_t         V = 0 after the end
//   A_t     = delta_t + gamma lambda A_{t+1}
//   returns = A + V
// reward, value, mask, episode (N).
inline Gae generalized_advantage(const at::Tensor& reward, const at::Tensor& value,
                                 const at::Tensor& mask, const at::Tensor& episode, double gamma,
                                 double lambda) {
  const at::Tensor rewards = as_doubles(reward);  // (N)
  const at::Tensor values = as_doubles(value);    // (N)
  const at::Tensor masks = as_doubles(mask);      // (N)
  const auto r = rewards.accessor<double, 1>(), v = values.accessor<double, 1>(),
             m = masks.accessor<double, 1>();
  const auto e = episode.accessor<std::int64_t, 1>();
  Gae out{.advantage = at::zeros({mask.size(0)}, at::kDouble),
          .returns = at::zeros({mask.size(0)}, at::kDouble)};
  auto a = out.advantage.accessor<double, 1>(), g = out.returns.accessor<double, 1>();
  double next_advantage = 0, next_value = 0;
  std::int64_t current = -1;
  for (std::int64_t t = mask.size(0) - 1; t >= 0; --t) {
    if (e[t] != current) next_advantage = next_value = 0;
    current = e[t];
    if (m[t] == 0) continue;
    next_advantage = r[t] + gamma * next_value - v[t] + gamma * lambda * next_advantage;
    next_value = v[t];
    a[t] = next_advantage;
    g[t] = next_advantage + v[t];
  }
  return out;
}

// G_t = r_t + gamma G_{t+1}: reward, mask, episode (N) -> (N).
inline at::Tensor return_to_go(const at::Tensor& reward, const at::Tensor& mask,
                               const at::Tensor& episode, double gamma) {
  return generalized_advantage(reward, at::zeros_like(reward), mask, episode, gamma, 1.0).returns;
}

// ---- rewards ----

// DAPO's soft penalty for long completions (arXiv:2503.14476): 0 up to max - buffer tokens, then
// falling in a line to -factor at max, and -factor above. buffer 0: no soft zone. Lengths (B) in
// tokens -> (B).
inline at::Tensor overlong_penalty(const at::Tensor& length, double max, double buffer,
                                   double factor) {
  const at::Tensor over = as_doubles(length) - (max - buffer);
  if (buffer <= 0) return at::where(over.gt(0), -factor, 0.0);
  return -(over / buffer).clamp(0.0, 1.0) * factor;
}

}  // namespace tinyzero
