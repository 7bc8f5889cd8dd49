// Terms of a loss, one number per token, differentiable, and how they become one number. Shapes as
// in batch.h.
#pragma once

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>

#include "tinyzero/primitives/batch.h"
#include "tinyzero/primitives/masked.h"

namespace tinyzero {

// Sums of the tokens of each episode: x, episode (N) -> (B).
inline at::Tensor episode_sums(const at::Tensor& x, const at::Tensor& episode,
                               std::int64_t episodes) {
  return at::zeros({episodes}, x.options()).index_add(0, episode, x);
}

// ---- ratios ----

// rho = exp(clamp(logp - logp_old, -20, 20)): (N).
inline at::Tensor ratio(const at::Tensor& logp, const at::Tensor& logp_old) {
  return (logp - logp_old).clamp(-20.0, 20.0).exp();
}

// One ratio for all tokens of an episode (GSPO, arXiv:2507.18071): exp(min(10, mean over its
// trained tokens of logp - logp_old)). (N).
inline at::Tensor sequence_ratio(const at::Tensor& logp, const Batch& b) {
  const at::Tensor sums = episode_sums((logp - b.logp_old) * b.mask, b.episode, b.episodes());
  const at::Tensor counts =
      episode_sums(b.mask.to(logp.scalar_type()), b.episode, b.episodes()).clamp_min(1.0);
  return (sums / counts).clamp_max(10.0).exp().index_select(0, b.episode);
}

struct ImportanceOptions {
  double cap = 2;         // largest weight
  double floor = 0;       // smallest weight
  bool mask = false;      // weights beyond a bound become 0 (IcePop), instead of the bound itself
  bool sequence = false;  // one weight for an episode, from the sum of its log-ratios
};

// Weights for tokens whose sampler and trainer disagree, w = exp(logp_trainer - logp_sampler), both
// of the policy before the update: truncated importance sampling
// (fengyao.notion.site/off-policy-rl), or masked importance (IcePop,
// ringtech.notion.site/icepop). (N).
inline at::Tensor importance_weights(const at::Tensor& logp_trainer, const Batch& b,
                                     const ImportanceOptions& options) {
  at::Tensor w = ratio(logp_trainer, b.logp_old);  // (N)
  if (options.sequence) {
    const at::Tensor sums =
        episode_sums((logp_trainer - b.logp_old) * b.mask, b.episode, b.episodes());
    w = sums.clamp(-20.0, 20.0).exp().index_select(0, b.episode);
  }
  const at::Tensor bounded = w.clamp(options.floor, options.cap);
  return options.mask ? at::where(bounded.eq(w), w, 0.0) : bounded;
}

// ---- policy ----

// PPO's clipped surrogate, as a loss (arXiv:1707.06347): max(-rho A, -clip(rho, 1 - low, 1 + high)
// A). (N).
inline at::Tensor clipped_surrogate(const at::Tensor& rho, const at::Tensor& advantage, double low,
                                    double high) {
  return at::max(-rho * advantage, -rho.clamp(1.0 - low, 1.0 + high) * advantage);
}

// Tokens where the clipped term counts: it is strictly larger. (N) bool.
inline at::Tensor is_clipped(const at::Tensor& rho, const at::Tensor& advantage, double low,
                             double high) {
  return (-rho.clamp(1.0 - low, 1.0 + high) * advantage).gt(-rho * advantage);
}

// Dual clip (arXiv:1912.09729): where A < 0 a term is at most -c A, for c > 1. (N).
inline at::Tensor dual_clipped(const at::Tensor& terms, const at::Tensor& advantage, double c) {
  return at::where(advantage.lt(0), at::min(terms, -c * advantage), terms);
}

// CISPO (arXiv:2506.13585): -clip(rho, 1 - low, 1 + high) A logp, with the clipped ratio as a
// constant. (N).
inline at::Tensor clipped_importance(const at::Tensor& rho, const at::Tensor& logp,
                                     const at::Tensor& advantage, double low, double high) {
  return -rho.clamp(1.0 - low, 1.0 + high).detach() * advantage * logp;
}

// SAPO (arXiv:2511.20347): -(4 / tau) sigmoid(tau (rho - 1)) A, with a temperature tau for positive
// advantages and another one for the rest. (N).
inline at::Tensor soft_gated(const at::Tensor& rho, const at::Tensor& advantage,
                             double tau_positive, double tau_negative) {
  const at::Tensor tau = at::where(advantage.gt(0), at::full_like(rho, tau_positive),
                                   at::full_like(rho, tau_negative));  // (N)
  return -((rho - 1) * tau).sigmoid() * (4 / tau) * advantage;
}

// GMPO (arXiv:2507.20673): -A exp(mean over an episode's trained tokens of the clipped log-ratio),
// the same for all tokens of an episode, which must have one advantage. Log-ratios are clipped to
// [log(1 - low), log(1 + high)] where that makes the objective smaller. (N).
inline at::Tensor geometric_surrogate(const at::Tensor& logp, const Batch& b, double low,
                                      double high) {
  const at::Tensor d = logp - b.logp_old;  // (N)
  const at::Tensor near = d.clamp(std::log1p(-low), std::log1p(high));
  const at::Tensor bounded = at::where(b.advantage.gt(0), at::min(d, near), at::max(d, near));
  const at::Tensor counts =
      episode_sums(b.mask.to(d.scalar_type()), b.episode, b.episodes()).clamp_min(1.0);
  const at::Tensor mean = episode_sums(bounded * b.mask, b.episode, b.episodes()) / counts;  // (B)
  return -mean.clamp_max(10.0).exp().index_select(0, b.episode) * b.advantage;
}

// TOPR (arXiv:2503.14286): -A logp where A > 0; elsewhere the same, weighted by min(rho, 1) of the
// whole episode as a constant. (N).
inline at::Tensor tapered(const at::Tensor& logp, const Batch& b) {
  const at::Tensor sums = episode_sums((logp - b.logp_old) * b.mask, b.episode, b.episodes());
  const at::Tensor taper = sums.detach().clamp(-20.0, 0.0).exp().index_select(0, b.episode);  // (N)
  return -at::where(b.advantage.gt(0), at::ones_like(taper), taper) * b.advantage * logp;
}

// ---- divergence from a reference ----

struct KlOptions {
  std::string kind = "k3";  // k1, k2 or k3 (joschu.net/blog/kl-approx.html)
  // Largest magnitude of the log-ratio in k3, whose exponential may overflow; none: no bound.
  // Tokens beyond it have no gradient.
  std::optional<double> clamp_log_ratio = {};
};

// Estimates of KL(policy || reference), with d = logp - logp_reference:
//   k1 = d,  k2 = d²/2,  k3 = exp(-d) - 1 + d
// (N).
inline at::Tensor kl_terms(const at::Tensor& logp, const at::Tensor& logp_reference,
                           const KlOptions& options) {
  const at::Tensor d = logp - logp_reference;  // (N)
  if (options.kind == "k1") return d;
  if (options.kind == "k2") return d.square() / 2;
  const at::Tensor bounded =
      options.clamp_log_ratio ? d.clamp(-*options.clamp_log_ratio, *options.clamp_log_ratio) : d;
  return (-bounded).expm1() + bounded;
}

inline constexpr double kLogRatioBound = 20.0;  // nats

// k3 with its log-ratio clamped to ±20. Not negative. (N).
inline at::Tensor k3(const at::Tensor& logp, const at::Tensor& logp_reference) {
  return kl_terms(logp, logp_reference, {"k3", kLogRatioBound});
}

// The weight of a KL penalty after a batch that measured `kl` over `samples` episodes
// (arXiv:1909.08593):
//   beta (1 + clip(kl / target - 1, -0.2, 0.2) samples / horizon)
inline double adapted_kl_weight(double beta, double kl, double target, double samples,
                                double horizon) {
  return beta * (1.0 + std::clamp(kl / target - 1.0, -0.2, 0.2) * samples / horizon);
}

// ---- entropy, value, classification ----

// log p of p = softmax(logits / temperature): (N, V) -> (N, V). The largest logit is taken off
// first, so that an offset which all logits share costs no digits.
inline at::Tensor log_softmax_of(const at::Tensor& logits, double temperature) {
  return ((logits - logits.amax(-1, /*keepdim=*/true).detach()) / temperature).log_softmax(-1);
}

// H = -Σ p log p: (N, V) -> (N), in nats. Below a log p of -1000 p is 0, and so is its term. If
// rounding makes all p sum to s instead of 1, p / s counts: a large vocabulary would cost digits.
inline at::Tensor entropy_from(const at::Tensor& log_p) {
  const at::Tensor p = log_p.exp(), s = p.sum(-1);
  return s.log() - (p * log_p.clamp_min(-1000.0)).sum(-1) / s;
}

inline at::Tensor entropy_of(const at::Tensor& logits, double temperature) {
  return entropy_from(log_softmax_of(logits, temperature));
}

// Half the squared error of a critic; with `clip` the larger of it and that of the value kept
// within `clip` of the old one (arXiv:1707.06347). value, value_old, returns (N) -> (N).
inline at::Tensor value_terms(const at::Tensor& value, const at::Tensor& value_old,
                              const at::Tensor& returns, std::optional<double> clip) {
  const at::Tensor plain = (value - returns).square();
  if (!clip) return plain / 2;
  const at::Tensor low = value_old - *clip;   // (N)
  const at::Tensor high = value_old + *clip;  // (N)
  // A value at a bound is within: it keeps its whole gradient.
  const at::Tensor near = at::where(value.lt(low), low, at::where(value.gt(high), high, value));
  return at::max(plain, (near - returns).square()) / 2;
}

// -y log sigma(z) - (1 - y) log(1 - sigma(z)) in logits, finite for any z: z, y (B) -> (B).
inline at::Tensor classification_terms(const at::Tensor& logit, const at::Tensor& label) {
  return logit.clamp_min(0.0) - logit * label + (-logit.abs()).exp().log1p();
}

// ---- aggregation ----

// One number from terms x (N), with the whole update's denominators:
//   token:        Σ mask x / all trained tokens                       (DAPO, arXiv:2503.14476)
//   sequence:     Σ over episodes of the mean over its trained tokens
//                 / all episodes with any                             (GRPO's own form)
//   sequence_sum: Σ mask x / all episodes with any trained token
//   constant:     Σ mask x / (all samples × constant)                 (Dr. GRPO, arXiv:2503.20783)
// 0, with a gradient of 0, if nothing is trained.
inline at::Tensor aggregate(const at::Tensor& x, const Batch& batch, const std::string& how,
                            double constant = 1.0) {
  const at::Tensor masked = x * batch.mask;
  if (how == "token") return masked.sum() / std::max(batch.all.tokens, 1.0);
  if (how == "sequence_sum") return masked.sum() / std::max(batch.all.episodes, 1.0);
  if (how == "constant") return masked.sum() / (std::max(batch.all.samples, 1.0) * constant);
  const at::Tensor counts =
      episode_sums(batch.mask, batch.episode, batch.episodes()).clamp_min(1.0);
  return (episode_sums(masked, batch.episode, batch.episodes()) / counts).sum() /
         std::max(batch.all.episodes, 1.0);
}

}  // namespace tinyzero
