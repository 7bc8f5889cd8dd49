// Checks that the gradient of a loss is its derivative, and points the right way.

#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <cmath>

#include "core/algorithm/checks.h"
#include "core/algorithm/frozen_constants.h"
#include "core/algorithm/trial.h"
#include "core/check/checks.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kCases = 6;
constexpr std::int64_t kLateStep = 10'000'000;  // any warm-up is over

struct Differences {
  std::size_t compared = 0, kinks = 0;
};

double value_of(const Objective& objective) {
  Metrics metrics;
  const c10::NoGradGuard no_grad;
  return objective.loss(objective.batch, objective.inputs, metrics).item<double>();
}

// A few tokens' derivatives from both sides against the gradient. Where the two sides differ there
// is a kink, and no derivative.
void compare_differences(Objective objective, const std::string& where, Rng& rng,
                         Differences& found) {
  constexpr double kStep = 1e-5, kTolerance = 1e-4;
  constexpr std::int64_t kTokens = 24;
  for (at::Tensor& input : objective.inputs) input = input.to(at::kDouble);
  const Measured exact = measure(objective);
  FrozenConstants constants;
  const double middle = value_of(objective);
  for (std::size_t k = 0; k < objective.inputs.size(); ++k) {
    const at::Tensor input = objective.inputs[k];
    const double scale = exact.gradients[k].abs().max().item<double>() + 1e-6;
    for (std::int64_t n = 0; n < kTokens; ++n) {
      const std::int64_t t = rng.below(input.size(0));
      const auto at_offset = [&](double offset) {
        objective.inputs[k] = input.clone();
        objective.inputs[k][t] += offset;
        constants.hold();
        return value_of(objective);
      };
      const double above = (at_offset(kStep) - middle) / kStep,
                   below = (middle - at_offset(-kStep)) / kStep;
      objective.inputs[k] = input;
      const double wanted = (above + below) / 2, got = exact.gradients[k][t].item<double>();
      if (std::abs(above - below) > 1e-2 * scale) {
        ++found.kinks;
        continue;
      }
      ++found.compared;
      require(std::abs(wanted - got) <= kTolerance * scale + std::abs(above - below),
              fmt::format("{}: the gradient of {} by {} at {} is {:.6g}, finite differences say "
                          "{:.6g}; parts that are constants on purpose must come from detach()",
                          where, objective.name, input_name(objective, k),
                          token_name(objective.batch, t), got, wanted));
    }
  }
}

// How much likelier a small step against the gradient makes each episode: (B).
at::Tensor gains(const Measured& m, const Batch& batch) {
  return at::zeros({batch.episodes()}, at::kDouble).index_add(0, batch.episode, -m.gradients[0]);
}

// Of the episodes where `mask` (B) is true.
double mean_of(const at::Tensor& values, const at::Tensor& mask) {
  return values.masked_select(mask).mean().item<double>();
}

}  // namespace

CheckResult check_gradient(const AlgorithmCheckOptions& options) {
  Differences found;
  bool teaches = false;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const TrialStep step = kept_part(options, random_step(options.seed, i));
    Rng rng(options.seed, {i, 3});
    const auto compare = [&](std::size_t, const Objective& objective) {
      compare_differences(objective, step.name, rng, found);
      if (!objective.is_policy) return;
      for (const at::Tensor& gradient : measure(objective).gradients)
        teaches = teaches || gradient.ne(0).any().item<bool>();
    };
    run_trial(options, {step}, compare, kLateStep);
  }
  require(teaches, fmt::format("the loss of {} steps has no gradient: it does not depend on "
                               "log-probs or entropies, or is detached",
                               kCases));
  return {Grade::pass,
          fmt::format("{} derivatives agree with finite differences, {} at kinks left out",
                      found.compared, found.kinks)};
}

CheckResult check_teaches(const AlgorithmCheckOptions& options) {
  StepShape shape;
  shape.max_tokens = 40;  // far from any penalty for length
  shape.drift = 0;
  double rewarded = 0, others = 0;
  std::int64_t groups = 0;
  for (std::uint64_t i = 0; i < kCases; ++i) {
    TrialStep step = random_step(options.seed, i, shape);
    step.batch.reward = step.batch.right.to(at::kDouble);
    step = kept_part(options, step);
    const auto look = [&](std::size_t, const Objective& objective) {
      if (!objective.is_policy) return;
      const Batch& b = objective.batch;
      const at::Tensor gain = gains(measure(objective), b);  // (B)
      for (std::int64_t g = 0; g < b.groups(); ++g) {
        const at::Tensor members = b.group.eq(g).logical_and(b.usable),
                         right = members.logical_and(b.right);
        const at::Tensor wrong = members.logical_and(b.right.logical_not());
        if (!right.any().item<bool>() || !wrong.any().item<bool>()) continue;
        ++groups;
        rewarded += mean_of(gain, right);
        others += mean_of(gain, wrong);
      }
    };
    run_trial(options, {step}, look, kLateStep, ModelNumbers::initial);
  }
  if (groups == 0)
    return {Grade::skip, "kept_groups() keeps no problem with right and wrong answers"};
  const double n = groups;
  const std::string detail = fmt::format(
      "a step of 1 against the gradient changes the log-prob of a right answer by {:.3g}, of a "
      "wrong one of its group by {:.3g}, in the mean of {} groups",
      rewarded / n, others / n, groups);
  return {rewarded > others ? Grade::pass : Grade::fail, detail};
}

}  // namespace tinyzero
