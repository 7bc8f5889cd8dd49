// Checks of what a loss teaches: its gradient is the derivative, comes from what counts and from
// nothing else, stays finite, and points the right way.

#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "core/algorithm/checks.h"
#include "core/algorithm/frozen_constants.h"
#include "core/algorithm/trial.h"
#include "tinyzero/rng.h"

namespace tinyzero {
namespace {

constexpr std::uint64_t kCases = 6;
constexpr std::int64_t kLateStep = 10'000'000;  // any warm-up is over

const char* input_name(const Objective& objective, std::size_t k) {
  if (!objective.is_policy) return "its model's numbers";
  return k == 0 ? "log-probs" : "entropies";
}

// ---- finite differences ----

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
                          place_of(objective.batch, t), got, wanted));
    }
  }
}

// ---- what does not count ----

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
                                  m.name, place_of(batch, t), what, gradient[t].item<double>()));
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

// ---- extremes ----

void require_finite(const AlgorithmCheckOptions& options, const TrialStep& whole,
                    ModelNumbers numbers, const std::string& what) {
  const TrialStep step = kept_part(options, whole);
  const auto check = [&](std::size_t place, const Objective& objective) {
    const Measured m = measure(objective);
    const std::string where = fmt::format("{} in step {}", what, place + 1);
    require(std::isfinite(m.loss), fmt::format("{}: {} is {}", where, m.name, m.loss));
    for (std::size_t k = 0; k < m.gradients.size(); ++k)
      require(m.gradients[k].isfinite().all().item<bool>(),
              fmt::format("{}: the gradient of {} by {} is not finite", where, m.name,
                          input_name(objective, k)));
    for (const auto& [name, mean] : m.metrics.values())
      require(std::isfinite(mean.sum),
              fmt::format("{}: the metric \"{}\" is {}", where, name, mean.sum));
    if (objective.is_policy)
      require(objective.batch.advantage.isfinite().all().item<bool>(),
              where + ": an advantage is not finite");
  };
  const TrialReport report = run_trial(options, {step, step, step}, check, 1, numbers);
  for (const auto& [name, mean] : report.metrics.values())
    require(std::isfinite(mean.sum),
            fmt::format("{}: the metric \"{}\" is {}", what, name, mean.sum));
}

// ---- direction ----

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

CheckResult check_extremes(const AlgorithmCheckOptions& options) {
  const auto drawn = [&](std::int64_t samples, std::int64_t longest) {
    StepShape shape;
    shape.samples = samples;
    shape.longest = longest;
    return random_step(options.seed, samples, shape);
  };
  const auto far_policy = [](TrialStep step) {
    step.logp = step.batch.logp_old +
                at::arange(step.batch.tokens()).remainder(2).mul(2).sub(1).to(at::kFloat) * 1e4;
    return step;
  };
  const auto with_rewards = [](TrialStep step, double scale) {
    step.batch.reward = (step.batch.reward - 0.5) * scale;
    return step;
  };
  TrialStep equal = drawn(4, 9);
  equal.batch.reward.fill_(0.1);
  equal.batch.right.fill_(false);
  TrialStep right = equal;
  right.batch.reward = at::ones_like(equal.batch.reward);
  right.batch.right = at::ones_like(equal.batch.right);
  TrialStep truncated = drawn(4, 12);
  truncated.batch.truncated.fill_(true);

  require_finite(options, drawn(4, 9), ModelNumbers::random, "an ordinary step");
  require_finite(options, drawn(4, 9), ModelNumbers::initial, "auxiliary models as they begin");
  require_finite(options, drawn(4, 9), ModelNumbers::wild,
                 "auxiliary models 10000 nats off, or values of a million");
  require_finite(options, far_policy(drawn(4, 9)), ModelNumbers::random,
                 "log-ratios of 10000 and -10000");
  require_finite(options, with_rewards(drawn(4, 9), 2e6), ModelNumbers::random,
                 "rewards of a million and minus a million");
  require_finite(options, drawn(4, 1), ModelNumbers::random, "completions of one token");
  require_finite(options, drawn(1, 9), ModelNumbers::random, "groups of one");
  require_finite(options, equal, ModelNumbers::random, "rewards that are all 0.1");
  require_finite(options, right, ModelNumbers::random, "answers that are all right");
  require_finite(options, truncated, ModelNumbers::random, "completions that are all truncated");
  require_finite(options, far_policy(with_rewards(drawn(1, 1), 2e6)), ModelNumbers::wild,
                 "all of these at once");
  return {Grade::pass,
          "11 kinds of extreme steps: every loss, gradient, advantage and metric is finite"};
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
