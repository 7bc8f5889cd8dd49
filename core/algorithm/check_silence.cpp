// Checks that what does not count is not heard: masked tokens, episodes that are not usable, and
// episodes without advantage.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/algorithm/checks.h"
#include "core/algorithm/trial.h"
#include "core/check/checks.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kCases = 6;

// Everything about tokens with a mask of 0, and about episodes that are not usable, made different.
TrialStep with_other_masked(const TrialStep& step) {
  TrialStep out = step;
  Batch& b = out.batch;
  const at::Tensor masked = b.mask.eq(0), unusable = b.usable.logical_not();
  b.logp_old = at::where(masked, b.logp_old * 0.5 - 3.0, b.logp_old);
  out.logp = at::where(masked, out.logp * 0.7 - 5.0, out.logp);
  out.entropy = at::where(masked, out.entropy + 4.0, out.entropy);
  b.reward = at::where(unusable, at::full_like(b.reward, 1000.0), b.reward);
  b.right = b.right.logical_xor(unusable);
  b.truncated = b.truncated.logical_xor(unusable);
  return out;
}

Objective with_other_advantages(const Objective& objective) {
  Objective out = objective;
  const at::Tensor masked = out.batch.mask.eq(0);
  out.batch.advantage =
      at::where(masked, at::full_like(out.batch.advantage, 50.0), out.batch.advantage);
  return out;
}

void require_silent(const Measured& m, const Batch& batch, const at::Tensor& silent,
                    const std::string& where, const char* what) {
  for (const at::Tensor& gradient : m.gradients) {
    const at::Tensor heard = at::where(silent, gradient, at::zeros_like(gradient)).ne(0).nonzero();
    if (heard.size(0) == 0) continue;
    const std::int64_t t = heard[0][0].item<std::int64_t>();
    throw CheckFailed(fmt::format("{}: the gradient of {} at {}, {}, is {:.6g}, not 0", where,
                                  m.name, token_name(batch, t), what, gradient[t].item<double>()));
  }
}

void require_same(const Measured& a, const Measured& b, const std::string& where) {
  constexpr double kTolerance = 1e-6;
  require(std::abs(a.loss - b.loss) <= kTolerance * std::max(1.0, std::abs(a.loss)),
          fmt::format("{}: {} goes from {:.9g} to {:.9g}", where, a.name, a.loss, b.loss));
  for (std::size_t k = 0; k < a.gradients.size(); ++k) {
    const double off = (a.gradients[k] - b.gradients[k]).abs().max().item<double>(),
                 scale = a.gradients[k].abs().max().item<double>();
    require(off <= kTolerance * scale,
            fmt::format("{}: the gradient of {} changes by {:.6g} of {:.6g}", where, a.name, off,
                        scale));
  }
}

}  // namespace

CheckResult check_masked(const AlgorithmCheckOptions& options) {
  StepShape shape;
  shape.unusable = 0.3;
  shape.masked = 0.2;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const TrialStep step = kept_part(options, random_step(options.seed, i, shape)),
                    other = with_other_masked(step);
    std::vector<Measured> before;
    run_trial(options, {step}, [&](std::size_t, const Objective& objective) {
      before.push_back(measure(objective));
      require_silent(before.back(), objective.batch, objective.batch.mask.eq(0), step.name,
                     "whose mask is 0");
      if (objective.is_policy)
        require_same(before.back(), measure(with_other_advantages(objective)),
                     step.name + ", with other advantages where the mask is 0");
    });
    const std::vector<Measured> after = measure_step(options, other);
    require(before.size() == after.size(),
            step.name + ": what does not count decides which models are trained");
    for (std::size_t k = 0; k < before.size(); ++k)
      require_same(before[k], after[k],
                   step.name + ", with other rewards and log-probs where the mask is 0");
  }
  TrialStep nothing = random_step(options.seed, kCases);
  nothing.batch.usable.fill_(false);
  count_usable(nothing);
  run_trial(options, {kept_part(options, nothing)}, [&](std::size_t, const Objective& objective) {
    const Measured m = measure(objective);
    require(m.loss == 0,
            fmt::format("a step with nothing usable: {} is {}, not 0", m.name, m.loss));
    require_silent(m, objective.batch, at::ones_like(objective.batch.mask, at::kBool),
                   "a step with nothing usable", "as everywhere");
  });
  return {
      Grade::pass,
      fmt::format(
          "{} steps: what is masked or not usable changes nothing; nothing usable is a loss of 0",
          kCases)};
}

CheckResult check_silent(const AlgorithmCheckOptions& options) {
  std::size_t silenced = 0;
  bool claims = false;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const TrialStep step = kept_part(options, random_step(options.seed, i));
    Rng rng(options.seed, {i, 5});
    run_trial(options, {step}, [&](std::size_t, const Objective& objective) {
      if (!objective.is_policy || !objective.zero_advantage_is_no_gradient) return;
      claims = true;
      Objective part = objective;  // in which half of the episodes have no advantage
      at::Tensor silent = at::zeros({objective.batch.episodes()}, at::kBool);
      for (std::int64_t e = 0; e < silent.size(0); ++e) silent[e] = rng.chance(0.5);
      const at::Tensor of_tokens = silent.index_select(0, objective.batch.episode);
      part.batch.advantage =
          at::where(of_tokens, at::zeros_like(part.batch.advantage), part.batch.advantage);
      require_silent(measure(part), part.batch, of_tokens, step.name,
                     "in an episode without advantage (zero_advantage_is_no_gradient() is true)");
      silenced += silent.sum().item<std::int64_t>();
    });
  }
  if (!claims)
    return {Grade::skip,
            "zero_advantage_is_no_gradient() is false: every episode is in the update"};
  return {Grade::pass, fmt::format("{} episodes without advantage have no gradient", silenced)};
}

}  // namespace tinyzero
